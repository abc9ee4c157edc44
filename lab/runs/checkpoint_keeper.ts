/** Keeps the latest snapshot of one run on disk, one write at a time. */
import type { RunCheckpoint } from "../../protocol/mod.ts";
import type { RunCheckpoints } from "../models/mod.ts";
import { log } from "../../service/process/log.ts";
import type { Run } from "./run.ts";
import { KEPT_LOSSES, thinned } from "./loss_history.ts";
import type { Snapshot } from "../training/worker_messages.ts";

export class CheckpointKeeper {
  #waiting?: { checkpoint: RunCheckpoint; snapshot: Snapshot };
  #writing?: Promise<void>;
  #failed = false;

  /** @param redactPaths takes out of a message what is the machine's own business */
  constructor(
    private readonly run: Run,
    private readonly checkpoints: RunCheckpoints,
    private readonly redactPaths: (text: string) => string,
  ) {}

  /** Writes `snapshot` as soon as the one before it is on disk; one that was still waiting is left out. */
  keep(snapshot: Snapshot): void {
    const device = this.run.summary.device;
    if (device !== "wasm" && device !== "webgpu" && device !== "reference") return;
    this.#waiting = { checkpoint: this.#describe(snapshot, device), snapshot };
    this.#writing ??= this.#write().finally(() => this.#writing = undefined);
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** The run has come to its end: nobody goes on with it, nor with the one that it went on with. */
  async drop(): Promise<void> {
    this.#waiting = undefined;
    await this.settled();
    await this.checkpoints.remove(this.run.id);
    if (this.run.resumedFrom !== undefined) await this.checkpoints.remove(this.run.resumedFrom);
  }

  async #write(): Promise<void> {
    for (let next = this.#waiting; next !== undefined; next = this.#waiting) {
      this.#waiting = undefined;
      try {
        await this.checkpoints.save(next.checkpoint, next.snapshot.tensors);
        this.run.resumeId = this.run.id;
        if (this.run.resumedFrom !== undefined) await this.checkpoints.remove(this.run.resumedFrom);
      } catch (error) {
        // A training does not end for want of a checkpoint.
        const isInMemory = this.checkpoints.find(this.run.id) !== undefined;
        if (isInMemory) this.run.resumeId = this.run.id;
        const instead = isInMemory ? " Until the lab is ended it is kept in memory." : "";
        if (!this.#failed) this.run.log(`No checkpoint: ${this.redactPaths((error as Error).message)}.${instead}`);
        log.warn("no checkpoint", { run: this.run.id, reason: (error as Error).message });
        this.#failed = true;
      }
    }
  }

  #describe({ step, progress, seconds }: Snapshot, device: RunCheckpoint["device"]): RunCheckpoint {
    const history = this.run.stoppedHistory;
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
