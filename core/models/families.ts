/** The table of model families. A new one takes a file of its own and a line here. */
import { convNN } from "./conv_nn.ts";
import type { ModelFamily } from "./family.ts";
import { simpleNN } from "./simple_nn.ts";

const TABLE = {
  SimpleNN: simpleNN,
  ConvNN: convNN,
};

/** Name of a model family, as it stands in records and files. */
export type ModelType = keyof typeof TABLE;

/** Every family by its name. */
export const FAMILIES: Readonly<Record<ModelType, ModelFamily>> = TABLE;

/** The names of the families, in the order of the table. */
export const MODEL_TYPES = Object.keys(TABLE) as ModelType[];
