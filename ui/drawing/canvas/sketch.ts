import { batch, computed, signal } from "@preact/signals";
import { BRUSHES, type BrushName, type Cells, type Mark, type PenPoint, type Sample, type Stroke } from "./marks.ts";

type Marks = readonly Mark[];

/** Steps that can be taken back. */
const MOST_STEPS = 200;

/**
 * The drawing as data, with its history, without a DOM. Every step can be taken back, clearing the paper too. A mark
 * that is under way is seen at once and becomes a step when it is finished.
 */
export class Sketch {
  readonly brush = signal<BrushName>("Medium");
  /** Every state so far; those behind `#at` were taken back. */
  readonly #states = signal<readonly Marks[]>([[]]);
  readonly #at = signal(0);
  readonly #settled = computed(() => this.#states.value[this.#at.value]);
  readonly #underWay = signal<{ mark: Stroke | Cells } | undefined>(undefined);

  /** All that is on the paper. */
  readonly marks = computed((): Marks => {
    const open = this.#underWay.value;
    return open ? [...this.#settled.value, open.mark] : this.#settled.value;
  });
  readonly blank = computed(() => this.marks.value.length === 0);
  readonly canUndo = computed(() => this.#at.value > 0);
  readonly canRedo = computed(() => this.#at.value < this.#states.value.length - 1);
  /** The test digit on the paper, as long as nothing was drawn over it. */
  readonly sample = computed((): Sample | undefined => {
    const [first, second] = this.marks.value;
    return first?.kind === "sample" && second === undefined ? first : undefined;
  });
  /** Changes with every finished step, and not while a mark is under way. */
  readonly steps = computed((): unknown => this.#settled.value);

  beginStroke(at: PenPoint): void {
    this.finish();
    this.#show({ kind: "stroke", width: BRUSHES[this.brush.value].width, points: [at] });
  }

  extendStroke(through: readonly PenPoint[]): void {
    const mark = this.#underWay.value?.mark;
    if (mark?.kind !== "stroke") return;
    mark.points.push(...through);
    this.#show(mark);
  }

  /** Inks or wipes cells, as part of the mark that is under way if that does the same. Blank paper has nothing to wipe. */
  paintCells(cells: Iterable<number>, ink: boolean): void {
    if (!ink && this.blank.value) return;
    let mark = this.#underWay.value?.mark;
    if (mark?.kind !== "cells" || mark.ink !== ink) {
      this.finish();
      mark = { kind: "cells", ink, cells: new Set() };
    }
    for (const cell of cells) mark.cells.add(cell);
    this.#show(mark);
  }

  /** Makes the mark under way, if there is one, a step. */
  finish(): void {
    const open = this.#underWay.value;
    if (open === undefined) return;
    this.#step([...this.#settled.value, open.mark]);
  }

  /** Lets go of the mark under way as if it had never begun. */
  drop(): void {
    this.#underWay.value = undefined;
  }

  /** A test digit takes the place of all that is there. */
  place(sample: Sample): void {
    this.drop();
    this.#step([sample]);
  }

  clear(): void {
    this.drop();
    if (this.#settled.value.length > 0) this.#step([]);
  }

  undo(): void {
    if (this.#underWay.value !== undefined) this.drop();
    else if (this.canUndo.value) this.#at.value--;
  }

  redo(): void {
    if (this.#underWay.value === undefined && this.canRedo.value) this.#at.value++;
  }

  /** A fresh object each time, for the mark itself grows in place. */
  #show(mark: Stroke | Cells): void {
    this.#underWay.value = { mark };
  }

  #step(marks: Marks): void {
    const states = [...this.#states.value.slice(0, this.#at.value + 1), marks].slice(-MOST_STEPS - 1);
    batch(() => {
      this.#underWay.value = undefined;
      this.#states.value = states;
      this.#at.value = states.length - 1;
    });
  }
}
