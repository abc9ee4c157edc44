/** Imports models that were trained elsewhere: reads, scores and stores them like models trained here. */
import { MODEL_TYPES } from "../../core/models/families.ts";
import { parameterSpecs } from "../../core/models/spec.ts";
import { BOUNDS, type ModelRecord } from "../../protocol/mod.ts";
import { DuplicateError, type NewModel, type Registry } from "../models/mod.ts";
import { BoundedQueue } from "../queue.ts";
import { type FoundModel, type ImportRequest, ImportThread } from "./import_thread.ts";

/** Number of parameters of the largest model of this lab. */
const MAX_NUMBERS = Math.max(...MODEL_TYPES.map((modelType) => {
  const hiddenLayers = new Array(BOUNDS.hiddenLayers.max).fill(BOUNDS.hiddenUnits.max);
  return parameterSpecs({ modelType, hiddenLayers }).reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
}));
/** For names, fields and padding between the tensors. */
const OVERHEAD_BYTES = 2 ** 20;

/** Bytes of the largest request that can hold a model: the largest model of this lab as float32. */
export const MAX_IMPORT_BYTES = 4 * MAX_NUMBERS + OVERHEAD_BYTES;

const MAX_PRESENT = 16;
const MAX_SOURCE_LENGTH = 200;

/** What an importer depends on. */
export interface ImporterOptions {
  store: Pick<Registry, "findDuplicate" | "store">;
  /** A worker that answers with `importAnswerer`. */
  script: URL;
  /** The folder from which that worker reads the test digits. */
  dataDir: string;
}

/** Imports one model at a time, because a model may take much memory and training runs in progress have priority. */
export class ModelImporter {
  readonly #options: ImporterOptions;
  readonly #tasks = new BoundedQueue(MAX_PRESENT, "Too many models at once; try again in a moment.");

  constructor(options: ImporterOptions) {
    this.#options = options;
  }

  /**
   * Stores the model in a request, with its accuracy on the test digits, and returns its record.
   *
   * @param request complete, so that nobody waits for a client that sends slowly
   * @param client whose requests take turns with those of other clients
   * @throws {ImportError} for a file or a field that is wrong
   * @throws {DuplicateError} if a model with the same configuration is stored and the request does not say `overwrite`;
   * never for a model whose past is unknown
   * @throws {UnavailableError} while too many are waiting, or if the importer is closed
   * @throws {RegistryError} when the folder cannot be written
   */
  import(request: ImportRequest, client?: string): Promise<ModelRecord> {
    return this.#tasks.run(async () => {
      const thread = new ImportThread(this.#options.script);
      try {
        return await this.#store(request, thread);
      } finally {
        thread.close();
      }
    }, client);
  }

  /** Refuses waiting requests. */
  close() {
    this.#tasks.close();
  }

  async #store(request: ImportRequest, thread: ImportThread): Promise<ModelRecord> {
    const { store, dataDir } = this.#options;
    const found = await thread.read(request, dataDir);
    const duplicate = found.overwrite ? undefined : await store.findDuplicate(found.config);
    // Scoring takes seconds, so a duplicate is refused first; storing checks again.
    if (duplicate !== undefined) throw new DuplicateError(duplicate);
    const { accuracy, weights } = await thread.score(dataDir);
    return await store.store(newModel(found, accuracy), weights, {
      onDuplicate: found.overwrite ? "replace" : "refuse",
    });
  }
}

function newModel({ config, source, guesses }: FoundModel, accuracy: number): NewModel {
  return {
    ...config,
    accuracy: Number(accuracy.toFixed(4)),
    training_time: 0,
    imported: true,
    ...guesses,
    ...(source === undefined ? {} : { source: source.slice(0, MAX_SOURCE_LENGTH) }),
  };
}
