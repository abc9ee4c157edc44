/** Keeps the latest snapshot of one run on disk, one write at a time. */
import type { RunCheckpoint } from "../../protocol/mod.ts";
import type { Log } from "../host.ts";
import type { Run } from "./run.ts";
import type { RunSnapshots } from "./run_snapshots.ts";
import { KEPT_LOSSES, thinned } from "./loss_history.ts";
import type { Snapshot } from "../training/training_job.ts";

/** What keeping snapshots needs. */
export interface KeeperOptions {
  snapshots: RunSnapshots;
  log: Log;
  /** Takes out of a message what is the machine's own business. */
  redactPaths(text: string): string;
}

/** Keeps the latest snapshot of a run on disk. */
export class SnapshotKeeper {
  readonly #run: Run;
  readonly #options: KeeperOptions;
  #waiting?: { checkpoint: RunCheckpoint; snapshot: Snapshot };
  #writing?: Promise<void>;
  #failed = false;

  constructor(run: Run, options: KeeperOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Writes `snapshot` as soon as the one before it is on disk; one that was still waiting is left out. */
  keep(snapshot: Snapshot): void {
    const device = this.#run.summary.device;
    if (device !== "wasm" && device !== "webgpu" && device !== "reference") return;
    this.#waiting = { checkpoint: this.#describe(snapshot, device), snapshot };
    this.#writing ??= this.#write().finally(() => this.#writing = undefined);
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Removes the snapshots of a run that came to its end, and of the one it resumed: nobody resumes either. */
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
        await snapshots.save(next.checkpoint, next.snapshot.tensors);
        this.#run.resumeId = this.#run.id;
        if (this.#run.resumedFrom !== undefined) await snapshots.remove(this.#run.resumedFrom);
      } catch (error) {
        // A training does not end for want of a snapshot.
        const isInMemory = snapshots.find(this.#run.id) !== undefined;
        if (isInMemory) this.#run.resumeId = this.#run.id;
        const instead = isInMemory ? " Until the lab is ended it is kept in memory." : "";
        if (!this.#failed) this.#run.log(`No checkpoint: ${redactPaths((error as Error).message)}.${instead}`);
        log.warn("no checkpoint", { run: this.#run.id, reason: (error as Error).message });
        this.#failed = true;
      }
    }
  }

  #describe({ step, progress, seconds }: Snapshot, device: RunCheckpoint["device"]): RunCheckpoint {
    const history = this.#run.stoppedHistory;
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
}
