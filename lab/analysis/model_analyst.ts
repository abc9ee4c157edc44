/** Analyses of stored models: made one at a time beside the service's thread, and kept for who asks again. */
import type { NamedTensor } from "../../core/models/spec.ts";
import { type ModelAnalysis, type ModelRecord, recordVersion } from "../../protocol/mod.ts";
import { type Registry, RegistryError, specOf } from "../models/mod.ts";
import { HttpError } from "../../service/errors.ts";
import { RunQueue } from "../runs/run_queue.ts";
import type { FromAnalyser, ToAnalyser } from "./analysis_worker.ts";
import { findingsOf } from "./analyse.ts";

const WORKER_SCRIPT = new URL("./analysis_worker.ts", import.meta.url);

/** Each is some 70 kB. */
const MAX_KEPT = 32;
const MAX_WAITING = 16;

export interface AnalystOptions {
  store: Pick<Registry, "readWeights" | "checkpointVersion">;
  dataDir: string;
}

export class ModelAnalyst {
  /** By the version of record and file, the one used last at the end; also those under way. */
  readonly #kept = new Map<string, Promise<ModelAnalysis>>();
  readonly #turns = new RunQueue<string>(() => {});
  readonly #closing = new AbortController();
  #waiting = 0;

  constructor(private readonly options: AnalystOptions) {}

  /**
   * What the model says to the test digits.
   *
   * @throws {HttpError} 409 for a model whose file cannot be read, 503 while too many are waiting or the service ends
   */
  async analyse(record: ModelRecord): Promise<ModelAnalysis> {
    const version = `${recordVersion(record)} ${await this.#readable(() => this.#versionOf(record))}`;
    const kept = this.#kept.get(version);
    if (kept !== undefined) {
      this.#kept.delete(version);
      this.#kept.set(version, kept);
      return await kept;
    }
    const made = this.#inTurn(record);
    this.#kept.set(version, made);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    try {
      return await made;
    } catch (error) {
      // What failed once may be mended.
      if (this.#kept.get(version) === made) this.#kept.delete(version);
      throw error;
    }
  }

  /** Refuses whoever is waiting, and ends the work in progress. */
  close() {
    this.#closing.abort(new HttpError(503, "The service is shutting down."));
  }

  #versionOf(record: ModelRecord): Promise<string> {
    return this.options.store.checkpointVersion(record);
  }

  async #inTurn(record: ModelRecord): Promise<ModelAnalysis> {
    if (this.#waiting >= MAX_WAITING) throw new HttpError(503, "Too many analyses at once; try again in a moment.");
    this.#waiting++;
    try {
      const endTurn = await this.#turns.enter(record.id, this.#closing.signal);
      try {
        const weights = await this.#readable(() => this.options.store.readWeights(record));
        return await this.#ask(record, weights);
      } finally {
        endTurn();
      }
    } finally {
      this.#waiting--;
    }
  }

  async #ask(record: ModelRecord, weights: NamedTensor[]): Promise<ModelAnalysis> {
    const worker = new Worker(WORKER_SCRIPT, { type: "module", name: "analysis" });
    const { promise, resolve, reject } = Promise.withResolvers<FromAnalyser>();
    const { signal } = this.#closing;
    const giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp);
    worker.onmessage = ({ data }: MessageEvent<FromAnalyser>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`the analysing thread broke down: ${event.message}`));
    };
    try {
      const question: ToAnalyser = { spec: specOf(record), weights, dataDir: this.options.dataDir };
      worker.postMessage(question);
      const answer = await promise;
      if (answer.type === "failed") throw new Error(answer.message);
      return {
        model_id: record.id,
        recorded_accuracy: record.accuracy,
        ...findingsOf(answer.answers, answer.labels),
      };
    } finally {
      signal.removeEventListener("abort", giveUp);
      worker.terminate();
    }
  }

  async #readable<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof RegistryError) throw new HttpError(409, error.message);
      throw error;
    }
  }
}
