import type { HistoryMessage, RunSnapshot } from "../../protocol/mod.ts";
import type { Log } from "../host.ts";
import type { Snapshot } from "../training/training_job.ts";
import { KEPT_LOSSES, thinned } from "./loss_history.ts";
import type { Run } from "./run.ts";
import type { RunSnapshots } from "./run_snapshots.ts";

/** What a `SnapshotKeeper` depends on. */
export interface KeeperOptions {
  snapshots: RunSnapshots;
  log: Log;
  /** Replaces the machine's paths in a message by the names of settings. */
  redactPaths(text: string): string;
}

/** Keeps the latest snapshot of one run on disk, writing one at a time. */
export class SnapshotKeeper {
  readonly #run: Run;
  readonly #options: KeeperOptions;
  #waiting?: { head: RunSnapshot; tensors: Snapshot["tensors"] };
  #writing?: Promise<void>;
  #failed = false;

  constructor(run: Run, options: KeeperOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Writes `snapshot` once the previous one is on disk; it replaces a snapshot that is still waiting. */
  keep(snapshot: Snapshot): void {
    const { device } = this.#run.summary;
    if (!isBackend(device)) return;
    this.#waiting = { head: describe(this.#run.stoppedHistory, snapshot, device), tensors: snapshot.tensors };
    this.#writing ??= this.#write().finally(() => this.#writing = undefined);
  }

  /**
   * Replaces the snapshots of a diverged run, and of the run that it resumed, with its history alone, because it would
   * diverge again from either.
   */
  async keepHistoryOnly(history: HistoryMessage, step: number): Promise<void> {
    await this.drop();
    const { device, accuracy } = this.#run.summary;
    if (!isBackend(device)) return;
    const progress = { epochsDone: 0, lossSum: 0, accuracy };
    const head = { ...describe(history, { step, progress, seconds: 0 }, device), diverged: true };
    const { snapshots, log } = this.#options;
    await snapshots.save(head, []).catch((error: Error) => {
      log.warn("no history of a diverged run", { run: this.#run.id, reason: error.message });
    });
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Removes the snapshots of a run that should not be resumed, and of the run that it resumed. */
  async drop(): Promise<void> {
    this.#waiting = undefined;
    await this.settled();
    const { snapshots } = this.#options;
    await snapshots.remove(this.#run.id);
    if (this.#run.resumedFrom !== undefined) await snapshots.remove(this.#run.resumedFrom);
  }

  async #write(): Promise<void> {
    const { snapshots, log, redactPaths } = this.#options;
    for (let next = this.#waiting; next !== undefined; next = this.#waiting) {
      this.#waiting = undefined;
      try {
        await snapshots.save(next.head, next.tensors);
        this.#run.resumeId = this.#run.id;
        if (this.#run.resumedFrom !== undefined) await snapshots.remove(this.#run.resumedFrom);
      } catch (error) {
        // The training continues without a snapshot.
        const { message } = error as Error;
        const isInMemory = snapshots.find(this.#run.id) !== undefined;
        if (isInMemory) this.#run.resumeId = this.#run.id;
        const instead = isInMemory ? " It is kept in memory until the lab ends." : "";
        if (!this.#failed) this.#run.log(`No snapshot: ${redactPaths(message)}.${instead}`);
        log.warn("no snapshot", { run: this.#run.id, reason: message });
        this.#failed = true;
      }
    }
  }
}

/** The part of a snapshot besides its tensors. */
function describe(
  history: HistoryMessage,
  { step, progress, seconds }: Omit<Snapshot, "tensors">,
  device: RunSnapshot["device"],
): RunSnapshot {
  return {
    saved: Date.now(),
    history: { ...history, losses: thinned(history.losses, KEPT_LOSSES) },
    device,
    step,
    epochs_done: progress.epochsDone,
    loss_sum: progress.lossSum,
    accuracy: progress.accuracy,
    seconds,
  };
}

function isBackend(device: string | undefined): device is RunSnapshot["device"] {
  return device === "wasm" || device === "webgpu" || device === "reference";
}
