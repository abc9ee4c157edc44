import { batch, computed, effect, signal } from "@preact/signals";
import { tabPreferences } from "../wire/preferences.ts";
import { BRUSHES, type BrushName, type Cells, type Mark, type PenPoint, type Stroke, type TestDigit } from "./marks.ts";

type Marks = readonly Mark[];

/** Number of steps that can be undone. */
const MAX_STEPS = 200;

/**
 * A drawing as data, with its history. Needs no DOM. Every step can be undone, even clearing the paper. A mark in
 * progress shows at once and becomes a step when it is finished.
 */
export class Sketch {
  readonly brush = signal<BrushName>("Medium");
  /** Every state so far; those after `#at` were undone. */
  readonly #states = signal<readonly Marks[]>([[]]);
  readonly #at = signal(0);
  readonly #finished = computed(() => this.#states.value[this.#at.value]);
  readonly #inProgress = signal<{ mark: Stroke | Cells } | undefined>(undefined);

  /** Everything on the paper. */
  readonly marks = computed((): Marks => {
    const open = this.#inProgress.value;
    return open ? [...this.#finished.value, open.mark] : this.#finished.value;
  });
  readonly blank = computed(() => this.marks.value.length === 0);
  readonly canUndo = computed(() => this.#at.value > 0);
  readonly canRedo = computed(() => this.#at.value < this.#states.value.length - 1);
  /** The test digit on the paper, unless something was drawn over it. */
  readonly testDigit = computed((): TestDigit | undefined => {
    const [first, second] = this.marks.value;
    return first?.kind === "test digit" && second === undefined ? first : undefined;
  });
  /** Changes with every finished step, and not while a mark is in progress. */
  readonly steps = computed((): unknown => this.#finished.value);

  /** Begins a stroke with the current brush. */
  beginStroke(at: PenPoint): void {
    this.finish();
    this.#show({ kind: "stroke", width: BRUSHES[this.brush.value].width, points: [at] });
  }

  /** Adds points to the stroke in progress; without one it does nothing. */
  extendStroke(through: readonly PenPoint[]): void {
    const mark = this.#inProgress.value?.mark;
    if (mark?.kind !== "stroke") return;
    mark.points.push(...through);
    this.#show(mark);
  }

  /**
   * Inks or erases cells, and extends the mark in progress if it does the same. Does nothing if blank paper is erased.
   */
  paintCells(cells: Iterable<number>, ink: boolean): void {
    if (!ink && this.blank.value) return;
    let mark = this.#inProgress.value?.mark;
    if (mark?.kind !== "cells" || mark.ink !== ink) {
      this.finish();
      mark = { kind: "cells", ink, cells: new Set() };
    }
    for (const cell of cells) mark.cells.add(cell);
    this.#show(mark);
  }

  /** Turns the mark in progress, if any, into a step. */
  finish(): void {
    const open = this.#inProgress.value;
    if (open === undefined) return;
    this.#step([...this.#finished.value, open.mark]);
  }

  /** Drops the mark in progress as if it had never begun. */
  drop(): void {
    this.#inProgress.value = undefined;
  }

  /** Replaces the drawing. */
  put(marks: Marks): void {
    this.drop();
    this.#step(marks);
  }

  /** Clears the paper. */
  clear(): void {
    this.drop();
    if (this.#finished.value.length > 0) this.#step([]);
  }

  /** Drops the mark in progress or, if there is none, undoes the last step. */
  undo(): void {
    if (this.#inProgress.value !== undefined) this.drop();
    else if (this.canUndo.value) this.#at.value--;
  }

  /** Redoes the step that was undone last. */
  redo(): void {
    if (this.#inProgress.value === undefined && this.canRedo.value) this.#at.value++;
  }

  /** Sets a new object each time, because the mark itself grows in place. */
  #show(mark: Stroke | Cells): void {
    this.#inProgress.value = { mark };
  }

  #step(marks: Marks): void {
    const states = [...this.#states.value.slice(0, this.#at.value + 1), marks].slice(-MAX_STEPS - 1);
    batch(() => {
      this.#inProgress.value = undefined;
      this.#states.value = states;
      this.#at.value = states.length - 1;
    });
  }
}

/**
 * Restores the drawing that this tab has remembered under `name`, and remembers each further step, so that the drawing
 * survives a reload and a visit to another page. Returns a function that stops this.
 */
export function keepDrawing(sketch: Sketch, name: string): () => void {
  const kept = readMarks(tabPreferences.get(name));
  if (sketch.blank.peek() && kept.length > 0) sketch.put(kept);
  return effect(() => {
    void sketch.steps.value;
    tabPreferences.set(name, writeMarks(sketch.marks.peek()));
  });
}

/** Marks as text: sets and bytes become lists. */
export function writeMarks(marks: readonly Mark[]): string {
  return JSON.stringify(
    marks,
    (_, value) => value instanceof Set || value instanceof Uint8Array ? [...value] : value,
  );
}

/** The marks that `text` represents; empty if it is not a drawing. */
export function readMarks(text: string | null): Mark[] {
  try {
    return JSON.parse(text ?? "[]", revive);
  } catch {
    return [];
  }
}

function revive(key: string, value: Iterable<number>): unknown {
  return key === "cells" ? new Set(value) : key === "pixels" ? Uint8Array.from(value) : value;
}
