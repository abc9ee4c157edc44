/** Finds runs of earlier processes: the histories of stored models, and the snapshots of runs that stopped. */
import {
  FINISHED_STATES,
  type HistoryMessage,
  type ModelRecord,
  RunHistorySchema,
  type RunSnapshot,
  type RunSummary,
  validate,
  ValidationError,
} from "../../protocol/mod.ts";
import { type Registry, RegistryError } from "../models/mod.ts";
import type { RunJournal } from "./run_journal.ts";
import type { RunSnapshots } from "./run_snapshots.ts";

/** Number of histories that `list` returns: those of the newest models. Others can be found by id. */
const MAX_LISTED = 100;

/** The sources of an archive. */
export interface RunArchiveOptions {
  store: Pick<Registry, "list" | "readHistory">;
  snapshots: RunSnapshots;
  /** The journal of runs of which nothing else is kept. */
  journal?: Pick<RunJournal, "lost" | "find">;
}

/** Finds runs of earlier processes. */
export class RunArchive {
  readonly #options: RunArchiveOptions;
  /** By the ids of model and run; a history never changes. */
  #summaries = new Map<string, RunSummary>();

  constructor(options: RunArchiveOptions) {
    this.#options = options;
  }

  /** Newest first, without models whose history cannot be read. */
  async list(): Promise<RunSummary[]> {
    const { store, snapshots, journal } = this.#options;
    const known = this.#summaries;
    const latest = new Map<string, RunSummary>();
    for (const record of (await store.list()).filter(({ run_id }) => typeof run_id === "string").slice(0, MAX_LISTED)) {
      const key = `${record.id} ${record.run_id}`;
      const summary = known.get(key) ?? (await this.#read(record).catch(() => undefined))?.run;
      if (summary !== undefined) latest.set(key, summary);
    }
    this.#summaries = latest;
    const stopped = snapshots.list().map((snapshot) => this.#stopped(snapshot).run);
    const kept = new Set([...stopped, ...latest.values()].map(({ id }) => id));
    const lost = journal?.lost.map(({ run }) => run).filter(({ id }) => !kept.has(id)) ?? [];
    return [...stopped, ...latest.values(), ...lost].sort((a, b) => b.created - a.created);
  }

  /**
   * Finds the history of one run.
   *
   * @throws {RegistryError} that names its file when that cannot be read
   */
  async find(id: string): Promise<HistoryMessage | undefined> {
    const { store, snapshots, journal } = this.#options;
    const record = (await store.list()).find(({ run_id }) => run_id === id);
    const history = record && await this.#read(record);
    if (history !== undefined) return history;
    const saved = snapshots.find(id);
    return saved !== undefined && "snapshot" in saved ? this.#stopped(saved.snapshot) : journal?.find(id);
  }

  async #read(record: ModelRecord): Promise<HistoryMessage | undefined> {
    const value = await this.#options.store.readHistory(record);
    if (value === undefined) return undefined;
    try {
      return { ...validate(RunHistorySchema, value, "The history") as Omit<HistoryMessage, "type">, type: "history" };
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      throw new RegistryError(`cannot use the history of model ${record.id}: ${error.message}`);
    }
  }

  /** If a process died during a run, its snapshot still says that the run is in progress. */
  #stopped({ history, step, saved }: RunSnapshot): HistoryMessage {
    const { id, total_steps, state } = history.run;
    const message = `The training stopped at step ${step.toLocaleString("en")} of ${
      total_steps.toLocaleString("en")
    }, when the service ended. It can go on from there.`;
    const resume = this.#options.snapshots.canResume(id) ? id : undefined;
    const isOver = FINISHED_STATES.includes(state) && history.end !== undefined;
    return {
      ...history,
      type: "history",
      run: {
        ...history.run,
        step,
        ended: history.run.ended ?? saved,
        resume,
        ...(isOver ? {} : { state: "failed" as const, message, place: undefined }),
      },
      end: isOver ? history.end : { type: "error", message, resume },
    };
  }
}
