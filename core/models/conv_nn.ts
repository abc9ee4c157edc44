import type { ModelFamily } from "./family.ts";

/** Two blocks of 3×3 convolution, ReLU and pooling. The head receives 64 channels of 7×7. */
export const convNN: ModelFamily = {
  features: [
    { kind: "conv", channels: 32, kernel: 3, padding: 1 },
    { kind: "relu" },
    { kind: "maxPool" },
    { kind: "conv", channels: 64, kernel: 3, padding: 1 },
    { kind: "relu" },
    { kind: "maxPool" },
  ],
  evaluationBatch: 100,
};
