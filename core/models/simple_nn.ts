import type { ModelFamily } from "./family.ts";

/** A multilayer perceptron: the fully connected head, applied directly to the pixels. */
export const simpleNN: ModelFamily = { features: [], evaluationBatch: 1000 };
