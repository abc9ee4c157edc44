/** What the importing thread and its client say to each other. */
import type { NamedTensor } from "../../core/models/spec.ts";
import type { ModelConfig } from "../../protocol/mod.ts";

/** What a request brings. */
export interface ImportRequest {
  body: Uint8Array<ArrayBuffer>;
  contentType: string;
  /** The query's fields. */
  query: Record<string, string>;
}

/** What was found in a request, before it is scored. */
export interface FoundModel {
  config: ModelConfig;
  /** The file's name, where the request gives one. */
  source?: string;
  overwrite: boolean;
}

export interface ScoredModel {
  weights: NamedTensor[];
  /** Per cent of the test digits. */
  accuracy: number;
}

export type ToImporter =
  | { type: "read"; request: ImportRequest }
  /** After `read`: how many of the test digits in `dataDir` that model tells. */
  | { type: "score"; dataDir: string };

/** Each message has one answer. */
export type FromImporter =
  | { type: "found"; model: FoundModel }
  | { type: "scored"; model: ScoredModel }
  /** The request is at fault; the message is for people, `field` the name of what is wrong. */
  | { type: "refused"; message: string; field?: string }
  /** The lab is at fault. */
  | { type: "failed"; message: string };
