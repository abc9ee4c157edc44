import { signal } from "@preact/signals";
import type { LabConnection } from "../../shared/wire/connection.ts";
import { Run } from "./run.ts";

/** Most other runs to follow at a time; each has a socket. */
const MOST = 4;

/** Runs besides the one that the page shows: those that the lab also trains or has queued, and those shown before. */
export class OtherRuns {
  /** The latest first. */
  readonly list = signal<readonly Run[]>([]);
  readonly #connection: LabConnection;

  constructor(connection: LabConnection) {
    this.#connection = connection;
  }

  /** Follows the run `id`, too. If there are too many, drops one that has ended. */
  add(id: string): void {
    this.remove(id);
    const run = new Run(this.#connection);
    run.follow(id);
    const list = [run, ...this.list.value];
    const last = list.findLast(({ active }) => !active.value) ?? list[list.length - 1];
    if (list.length > MOST) last.close();
    this.list.value = list.length > MOST ? list.filter((each) => each !== last) : list;
  }

  /** Whether the run `id` is followed. */
  has(id: string): boolean {
    return this.list.value.some((run) => run.id.value === id);
  }

  /** Stops following the run `id`. */
  remove(id: string): void {
    for (const run of this.list.value) if (run.id.value === id) run.close();
    this.list.value = this.list.value.filter((run) => run.id.value !== id);
  }
}
