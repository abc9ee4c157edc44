/** Analyses stored models, one at a time in a worker, and keeps the results for later requests. */
import { type ModelAnalysis, type ModelRecord, recordVersion } from "../../protocol/mod.ts";
import { AskedWorker } from "../ask_worker.ts";
import { type Registry, RegistryError, specOf } from "../models/mod.ts";
import { BoundedQueue } from "../queue.ts";
import type { AnalysisQuestion, AnalysisReply } from "./confusion_matrix.ts";

/** The most analyses to keep; each takes about 70 kB. */
const MAX_KEPT = 32;
const MAX_PRESENT = 16;

/** What an analyst depends on. */
export interface AnalystOptions {
  store: Pick<Registry, "readWeights" | "pthVersion">;
  /** A worker that answers with `analyse`. */
  script: URL;
  /** The folder from which that worker reads the test digits. */
  dataDir: string;
}

/** Classifies the test digits with stored models. */
export class ModelAnalyst {
  readonly #options: AnalystOptions;
  /** By version of record and file, with the most recently used one last; includes analyses in progress. */
  readonly #kept = new Map<string, Promise<ModelAnalysis>>();
  readonly #tasks = new BoundedQueue(MAX_PRESENT, "Too many analyses at once; try again in a moment.");

  constructor(options: AnalystOptions) {
    this.#options = options;
  }

  /**
   * Classifies each test digit.
   *
   * @param client the client that asks, if known; clients take turns
   * @throws {RegistryError} when the model's file cannot be read, or its weights are unusable
   * @throws {UnavailableError} while too many are waiting, or if the analyst is closed
   */
  async analyse(record: ModelRecord, client?: string): Promise<ModelAnalysis> {
    const version = `${recordVersion(record)} ${await this.#options.store.pthVersion(record)}`;
    const kept = this.#kept.get(version);
    if (kept !== undefined) {
      this.#kept.delete(version);
      this.#kept.set(version, kept);
      return await kept;
    }
    const made = this.#tasks.run((signal) => this.#ask(record, signal), client);
    this.#kept.set(version, made);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    try {
      return await made;
    } catch (error) {
      // Forget failures, because their cause may be fixed.
      if (this.#kept.get(version) === made) this.#kept.delete(version);
      throw error;
    }
  }

  /** Refuses waiting requests, and ends the work in progress. */
  close() {
    this.#tasks.close();
  }

  async #ask(record: ModelRecord, signal: AbortSignal): Promise<ModelAnalysis> {
    const { store, script, dataDir } = this.#options;
    const weights = await store.readWeights(record);
    signal.throwIfAborted();
    const worker = new AskedWorker<AnalysisQuestion, AnalysisReply>(script, "analysis");
    const giveUp = () => worker.close(signal.reason);
    signal.addEventListener("abort", giveUp);
    try {
      const reply = await worker.ask({ spec: specOf(record), weights, dataDir });
      if ("fault" in reply) throw new RegistryError(`model ${record.id} cannot be analysed: ${reply.fault}`);
      return { model_id: record.id, recorded_accuracy: record.accuracy, ...reply.findings };
    } finally {
      signal.removeEventListener("abort", giveUp);
      worker.close();
    }
  }
}
