/** The questions of the importer to its worker. */
import type { NamedTensor } from "../../core/models/spec.ts";
import type { FieldName, ModelConfig } from "../../protocol/mod.ts";
import { AskedWorker } from "../ask_worker.ts";

/** A request to import a model. */
export interface ImportRequest {
  body: Uint8Array<ArrayBuffer>;
  contentType: string;
  /** The fields of the query. */
  query: Record<string, string>;
}

/** The model found in a request, before it is scored. */
export interface FoundModel {
  /** With the names of the fields that are `assumed`, if any. */
  config: ModelConfig & { assumed?: FieldName[] };
  /** The file's name, if the request gives one. */
  source?: string;
  /**
   * Fields of the record that say what was guessed and tried on digits: `assumed_order`, the names of the layers whose
   * order the file leaves open, and `assumed_state_dict`, the keys that lead to the state dict if several are models.
   */
  guesses: { assumed_order?: string[]; assumed_state_dict?: string };
  overwrite: boolean;
}

/** The model of a request, scored. */
export interface ScoredModel {
  weights: NamedTensor[];
  /** Per cent of the test digits. */
  accuracy: number;
}

/** One question to the worker. */
export type ImportQuestion =
  | { type: "read"; request: ImportRequest; dataDir: string }
  /** After `read`: the share of the test digits in `dataDir` that the model recognises. */
  | { type: "score"; dataDir: string };

/** The worker's answer; the worker throws if the lab is at fault. */
export type ImportReply =
  | { type: "found"; model: FoundModel }
  | { type: "scored"; model: ScoredModel }
  /** The request is at fault. The message is for people, and `field` is the name of the field at fault. */
  | { type: "refused"; message: string; field?: string };

/** Thrown for a request from which no model can be imported; the message is for people. */
export class ImportError extends Error {
  override name = "ImportError";
  constructor(message: string, readonly field?: string) {
    super(message);
  }
}

/** One request's worker, from the bytes to the score. `read` comes first. */
export class ImportThread {
  readonly #worker: AskedWorker<ImportQuestion, ImportReply>;

  /** @param script a worker that answers with `importAnswerer` */
  constructor(script: URL) {
    this.#worker = new AskedWorker(script, "import");
  }

  /** @throws {ImportError} if the request is at fault */
  async read(request: ImportRequest, dataDir: string): Promise<FoundModel> {
    const reply = await this.#worker.ask({ type: "read", request, dataDir }, [request.body.buffer]);
    if (reply.type === "found") return reply.model;
    throw failure(reply);
  }

  /** Scores the model on the test digits in `dataDir` and returns it with its weights. */
  async score(dataDir: string): Promise<ScoredModel> {
    const reply = await this.#worker.ask({ type: "score", dataDir });
    if (reply.type === "scored") return reply.model;
    throw failure(reply);
  }

  close() {
    this.#worker.close();
  }
}

function failure(reply: ImportReply): Error {
  if (reply.type === "refused") return new ImportError(reply.message, reply.field);
  return new Error(`an unexpected answer: ${reply.type}`);
}
