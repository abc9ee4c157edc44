/**
 * The inner loop of every dense product C = A B: a tile of up to 6 rows by 8 columns of C stays in registers during the
 * loop over the depth. For each depth k it loads 8 numbers of B and, for each row i, one of A: C[i, 0 … 7] += A[i, k] ·
 * B[k, 0 … 7]. Each load of B serves 6 rows. This takes 15 of the 16 vector registers that engines use: 6 × 2 sums, 2
 * for B and 1 for A.
 */
import type { Code, FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { i32, v128 } from "./assembler/instructions.ts";
import { storeLanes } from "./vectors.ts";

/** Columns of a tile, and of the panels that B is packed into. */
export const PANEL = 8;
/** Bytes of a row of a packed panel. */
export const PANEL_BYTES = PANEL * 4;

/** Depths, or rows to pack, in a round of the loop. */
const UNROLL = 4;

/** A part of the depth over which both operands advance by constant strides. Offsets and strides are in bytes. */
export interface Stretch {
  /** Number of depths. */
  length: number;
  /** Points to A at the first depth, and advances. */
  a: Local;
  /** Offset of each row of the tile, from `a`. */
  aRows: readonly number[];
  aStride: number;
  /** Points to the panel of B at the first depth, and advances. */
  b: Local;
  bOffset: number;
  bStride: number;
}

/** `height` rows by `PANEL` columns of a product, in registers. */
export class RegisterTile {
  readonly #f: FunctionBuilder;
  /** The sums of each row: columns 0–3 and 4–7. */
  readonly #rows: readonly (readonly [low: Local, high: Local])[];
  readonly #left: Local;
  readonly #right: Local;
  readonly #factor: Local;

  constructor(f: FunctionBuilder, height: number) {
    this.#f = f;
    this.#rows = Array.from({ length: height }, () => [f.local("v128"), f.local("v128")] as const);
    this.#left = f.local("v128");
    this.#right = f.local("v128");
    this.#factor = f.local("v128");
  }

  /** Sets all sums to 0. */
  clear(): void {
    for (const row of this.#rows) for (const local of row) this.#f.set(local, v128.zero);
  }

  /** Sets the sums to rows of `PANEL` numbers, `offsets` bytes from `base`. */
  load(base: Code, offsets: readonly number[]): void {
    this.#rows.forEach(([low, high], i) => {
      this.#f.set(low, v128.load(base, offsets[i]));
      this.#f.set(high, v128.load(base, offsets[i] + 16));
    });
  }

  /** Adds the products of a part of the depth. */
  accumulate(stretch: Stretch): void {
    const f = this.#f;
    const { length, a, b, aStride, bStride } = stretch;
    const advance = (count: number) => {
      for (let u = 0; u < count; u++) this.#addDepth(stretch, u);
      f.set(a, i32.add(a.get, i32.const(count * aStride)));
      f.set(b, i32.add(b.get, i32.const(count * bStride)));
    };
    if (length >= UNROLL) f.repeat(Math.floor(length / UNROLL), () => advance(UNROLL));
    if (length % UNROLL > 0) advance(length % UNROLL);
  }

  /** Adds the products of the depth `u` steps after the current one. */
  #addDepth({ a, aRows, aStride, b, bOffset, bStride }: Stretch, u: number): void {
    const f = this.#f, left = this.#left, right = this.#right, factor = this.#factor;
    // V8 checks an address against the memory's size less the offset, and computes that difference once for each
    // offset.
    const at = f.let("i32", i32.add(b.get, i32.const(bOffset + u * bStride)));
    f.set(left, v128.load(at.get, 0));
    f.set(right, v128.load(at.get, 16));
    this.#rows.forEach(([low, high], i) => {
      f.set(factor, v128.load32Splat(a.get, aRows[i] + u * aStride));
      f.set(low, f.multiplyAdd(factor.get, left.get, low.get));
      f.set(high, f.multiplyAdd(factor.get, right.get, high.get));
    });
  }

  /** Stores the first `columns` columns of each row, `offsets` bytes from `base`. */
  store(base: Code, offsets: readonly number[], columns = PANEL): void {
    this.#rows.forEach(([low, high], i) => {
      storeLanes(this.#f, base, offsets[i], low.get, Math.min(columns, 4));
      if (columns > 4) storeLanes(this.#f, base, offsets[i] + 16, high.get, columns - 4);
    });
  }

  /**
   * Stores the tile into the panel that starts at `column` of a matrix with `n` columns, whose last panel may be
   * narrower.
   */
  storePanel(base: Code, offsets: readonly number[], n: number, column: Local): void {
    const rest = n % PANEL;
    if (rest === 0) return this.store(base, offsets);
    if (n < PANEL) return this.store(base, offsets, rest);
    const isLast = i32.geS(column.get, i32.const(n - rest));
    this.#f.if(isLast, () => this.store(base, offsets, rest), () => this.store(base, offsets));
  }
}

/** `count` byte offsets from `first`, `stride` apart. */
export function spaced(count: number, stride: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => first + i * stride);
}

/**
 * Divides `m` rows into tiles with heights of 6 and 4 where possible, because lower tiles leave the multipliers idle.
 */
export function tileHeights(m: number): [height: number, count: number][] {
  if (m < 4 || m === 5) return [[m, 1]];
  // 6a + 4b + 3c = m with as many sixes as possible.
  const three = m % 2;
  let rest = m - 3 * three;
  const fours = ((6 - (rest % 6)) % 6) / 2;
  rest -= 4 * fours;
  const plan: [number, number][] = [[6, rest / 6], [4, fours], [3, three]];
  return plan.filter(([, count]) => count > 0);
}

/**
 * Packs `rows` rows of a panel, `stride` bytes apart, into `[rows][8]` at `target`. Columns past the end have undefined
 * contents.
 */
export function packPanel(
  f: FunctionBuilder,
  rows: number,
  source: Code,
  offset: number,
  stride: number,
  target: Code,
): void {
  const from = f.let("i32", source), to = f.let("i32", target);
  const copyRows = (count: number) => {
    for (let u = 0; u < count; u++) {
      for (const half of [0, 16]) {
        f.emit(v128.store(to.get, u * PANEL_BYTES + half, v128.load(from.get, offset + u * stride + half)));
      }
    }
    f.set(from, i32.add(from.get, i32.const(count * stride)));
    f.set(to, i32.add(to.get, i32.const(count * PANEL_BYTES)));
  };
  if (rows >= UNROLL) f.repeat(Math.floor(rows / UNROLL), () => copyRows(UNROLL));
  if (rows % UNROLL > 0) copyRows(rows % UNROLL);
}
