/** The table of model families. A new family takes a file of its own and a line here. */
import { convNN } from "./conv_nn.ts";
import type { ModelFamily } from "./family.ts";
import { simpleNN } from "./simple_nn.ts";

const TABLE = {
  SimpleNN: simpleNN,
  ConvNN: convNN,
};

/** Name of a model family, as records and files store it. */
export type ModelType = keyof typeof TABLE;

/** All model families, by name. */
export const FAMILIES: Readonly<Record<ModelType, ModelFamily>> = TABLE;

/** The names of the families, in the order of the table. */
export const MODEL_TYPES = Object.keys(TABLE) as ModelType[];
