/** What the importing thread and its client say to each other. */
import type { NamedTensor } from "../../core/models/model_spec.ts";
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

const WORKER_SCRIPT = new URL("../../training_service/threads/import_worker.ts", import.meta.url);

/** A request from which no model can be brought in; the message is for people. */
export class ImportError extends Error {
  override name = "ImportError";
  constructor(message: string, readonly field?: string) {
    super(message);
  }
}

/** One request's thread, from the bytes to the score. `read` comes first. */
export class ImportThread {
  readonly #worker = new Worker(WORKER_SCRIPT, { type: "module", name: "import" });

  /** @throws {ImportError} where the request is at fault */
  async read(request: ImportRequest): Promise<FoundModel> {
    const answer = await this.#ask({ type: "read", request }, [request.body.buffer]);
    if (answer.type === "found") return answer.model;
    throw failure(answer);
  }

  /** Scores the model on the test digits in `dataDir`, and hands its weights over. */
  async score(dataDir: string): Promise<ScoredModel> {
    const answer = await this.#ask({ type: "score", dataDir });
    if (answer.type === "scored") return answer.model;
    throw failure(answer);
  }

  [Symbol.dispose]() {
    this.#worker.terminate();
  }

  #ask(message: ToImporter, transfer: Transferable[] = []): Promise<FromImporter> {
    const { promise, resolve, reject } = Promise.withResolvers<FromImporter>();
    this.#worker.onmessage = ({ data }: MessageEvent<FromImporter>) => resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`the importing thread broke down: ${event.message}`));
    };
    this.#worker.postMessage(message, transfer);
    return promise;
  }
}

function failure(answer: FromImporter): Error {
  if (answer.type === "refused") return new ImportError(answer.message, answer.field);
  return new Error(answer.type === "failed" ? answer.message : `an unexpected answer: ${answer.type}`);
}
