import type { Pause } from "./training_loop.ts";

/** Least time between two snapshots: what a crash, or a step too long to be waited for, may cost. */
const INTERVAL_MS = 10_000;
/** Snapshots of large models take at most about this share of the time. */
const SHARE = 0.02;

/** Has the state of a training kept at regular intervals. */
export class SnapshotTimer implements Pause {
  #dueAt: number;

  constructor(
    private readonly keep: () => Promise<void>,
    private readonly intervalMs = INTERVAL_MS,
    private readonly now = () => performance.now(),
  ) {
    this.#dueAt = now() + intervalMs;
  }

  due(): boolean {
    return this.now() >= this.#dueAt;
  }

  async take(): Promise<void> {
    const began = this.now();
    await this.keep();
    const took = this.now() - began;
    this.#dueAt = this.now() + Math.max(this.intervalMs, took / SHARE);
  }
}
