/** Models that were trained elsewhere: read, scored, and stored like those trained here. */
import { MODEL_TYPES } from "../../core/models/families.ts";
import { parameterSpecs } from "../../core/models/spec.ts";
import { BOUNDS, type ModelRecord } from "../../protocol/mod.ts";
import { DuplicateError, type Registry } from "../models/mod.ts";
import { fieldOf, HttpError } from "../../service/errors.ts";
import { type BytesLimits, readBytes, refuseLarger } from "../../service/read_bytes.ts";
import type { FoundModel } from "./import_messages.ts";
import { ImportError, ImportThread } from "./import_thread.ts";
import { RunQueue } from "../runs/run_queue.ts";

/** Numbers of the largest model of this lab. */
const MAX_NUMBERS = Math.max(...MODEL_TYPES.map((modelType) => {
  const hiddenLayers = new Array(BOUNDS.hiddenLayers.max).fill(BOUNDS.hiddenUnits.max);
  return parameterSpecs({ modelType, hiddenLayers }).reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
}));
/** For names, fields and what lies between the tensors. */
const OVERHEAD_BYTES = 2 ** 20;

/** The largest model of this lab as float32. */
export const IMPORT_LIMITS: BytesLimits = {
  bytes: 4 * MAX_NUMBERS + OVERHEAD_BYTES,
  deadlineMs: 120_000,
};

const MAX_WAITING = 16;
const MAX_SOURCE_LENGTH = 200;

export interface ImporterOptions {
  store: Pick<Registry, "findDuplicate" | "store">;
  dataDir: string;
}

/** One request at a time: a model may take a good part of the memory, and the trainings in progress go first. */
export class ModelImporter {
  readonly #turns = new RunQueue<Request>(() => {});
  readonly #closing = new AbortController();
  #present = 0;

  constructor(private readonly options: ImporterOptions) {}

  /**
   * Stores the model that `request` brings, with its accuracy on the test digits, and returns its record.
   *
   * @throws {HttpError} 400 for a file or a field that is wrong, 409 with `existing` where a model of the same configuration is
   * stored and the request does not say `overwrite`, 413 for a file larger than any model, 503 while too many are waiting
   * @throws {RegistryError} when the folder cannot be written
   */
  async bringIn(request: Request): Promise<ModelRecord> {
    refuseLarger(request, IMPORT_LIMITS);
    if (this.#present >= MAX_WAITING) throw new HttpError(503, "Too many models at once; try again in a moment.");
    this.#present++;
    try {
      const endTurn = await this.#turns.enter(request, this.#closing.signal);
      try {
        return await this.#store(request);
      } finally {
        endTurn();
      }
    } catch (error) {
      if (error instanceof ImportError) throw new HttpError(400, error.message, fieldOf(error));
      if (error instanceof DuplicateError) throw conflict(error.existing);
      throw error;
    } finally {
      this.#present--;
    }
  }

  /** Refuses whoever is waiting. */
  close() {
    this.#closing.abort(new HttpError(503, "The service is shutting down."));
  }

  async #store(request: Request): Promise<ModelRecord> {
    const { store, dataDir } = this.options;
    const body = await readBytes(request, IMPORT_LIMITS);
    const contentType = request.headers.get("content-type") ?? "";
    const query = Object.fromEntries(new URL(request.url).searchParams);
    using thread = new ImportThread();
    const found = await thread.read({ body, contentType, query });
    const duplicate = found.overwrite ? undefined : await store.findDuplicate(found.config);
    // Sooner than the store says it, which looks again: scoring takes seconds.
    if (duplicate !== undefined) throw new DuplicateError(duplicate);
    const { accuracy, weights } = await thread.score(dataDir);
    return await store.store(recordOf(found, accuracy), weights, {
      onDuplicate: found.overwrite ? "replace" : "refuse",
    });
  }
}

function recordOf({ config, source }: FoundModel, accuracy: number) {
  return {
    ...config,
    accuracy: Number(accuracy.toFixed(4)),
    training_time: 0,
    imported: true,
    ...(source === undefined ? {} : { source: source.slice(0, MAX_SOURCE_LENGTH) }),
  };
}

function conflict(existing: ModelRecord): HttpError {
  return new HttpError(
    409,
    `A model of this configuration is stored already: ${existing.id}. Send overwrite=true to replace it, or say how this ` +
      "one was trained otherwise (optimizer, learning_rate, batch_size, num_epochs).",
    { existing },
  );
}
