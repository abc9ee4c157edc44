import type { ModelFamily } from "./family.ts";

/** A multilayer perceptron: the fully connected head on the pixels themselves. */
export const simpleNN: ModelFamily = { features: [], evaluationBatch: 1000 };
