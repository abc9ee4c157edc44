import { signal } from "@preact/signals";
import type { LabConnection } from "../../shared/wire/connection.ts";
import { Run } from "./run.ts";

/** Most of the lab's other runs to follow at a time; each has a socket. */
const MOST = 4;

/** Runs besides the one that the page shows: those shown before, and those that the lab also trains or has queued. */
export class OtherRuns {
  /** Runs shown before come first, the latest of them at the start. */
  readonly list = signal<readonly Run[]>([]);
  readonly #connection: LabConnection;
  /** Ids of the runs that always stay. */
  readonly #kept = new Set<string>();

  constructor(connection: LabConnection) {
    this.#connection = connection;
  }

  /** Follows the run `id`, which the page has shown or whose curve belongs to the run that it shows. It always stays. */
  keep(id: string): void {
    this.remove(id);
    this.#kept.add(id);
    this.list.value = [this.#follow(id), ...this.list.value];
  }

  /** Follows another run of the lab, if there is room: one of them that has ended makes room. */
  add(id: string): void {
    if (this.#has(id)) return;
    const others = this.list.value.filter((run) => !this.#kept.has(run.id.value!));
    if (others.length >= MOST) {
      const ended = others.find(({ active }) => !active.value);
      if (ended === undefined) return;
      this.remove(ended.id.value!);
    }
    this.list.value = [...this.list.value, this.#follow(id)];
  }

  /** Stops following the run `id`. */
  remove(id: string): void {
    this.#kept.delete(id);
    for (const run of this.list.value) if (run.id.value === id) run.close();
    this.list.value = this.list.value.filter((run) => run.id.value !== id);
  }

  /** Whether the run `id` always stays. */
  isKept(id: string): boolean {
    return this.#kept.has(id);
  }

  #has(id: string): boolean {
    return this.list.value.some((run) => run.id.value === id);
  }

  #follow(id: string): Run {
    const run = new Run(this.#connection);
    run.follow(id);
    return run;
  }
}
