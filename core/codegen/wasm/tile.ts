/**
 * The inner loop of every product: a tile of up to 6 rows by 8 columns of the result stays in registers (6 × 2 accumulators,
 * 2 of B, 1 of A: 15 of the 16 that engines use) while the depth runs by.
 */
import type { Code, FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { i32, v128 } from "./assembler/instructions.ts";
import { storeLanes } from "./vectors.ts";

/** Columns of a tile, and of the panels that B is packed into. */
export const PANEL = 8;
export const PANEL_BYTES = PANEL * 4;

const UNROLL = 4;

/** A stretch of the depth over which both operands advance evenly. Offsets and strides in bytes. */
export interface Stretch {
  length: number;
  /** Points to A at the first depth; moves on. */
  a: Local;
  /** Of each row of the tile, from `a`. */
  aRows: readonly number[];
  aStride: number;
  /** Points to the panel of B at the first depth; moves on. */
  b: Local;
  bOffset: number;
  bStride: number;
}

export class RegisterTile {
  private readonly rows: readonly (readonly [low: Local, high: Local])[];
  private readonly left: Local;
  private readonly right: Local;
  private readonly factor: Local;

  constructor(private readonly f: FunctionBuilder, readonly height: number) {
    this.rows = Array.from({ length: height }, () => [f.local("v128"), f.local("v128")] as const);
    this.left = f.local("v128");
    this.right = f.local("v128");
    this.factor = f.local("v128");
  }

  clear(): void {
    for (const row of this.rows) for (const local of row) this.f.set(local, v128.zero);
  }

  /** Fills the accumulators from rows of full width, `offsets` bytes from `base`. */
  load(base: Code, offsets: readonly number[]): void {
    this.rows.forEach(([low, high], i) => {
      this.f.set(low, v128.load(base, offsets[i]));
      this.f.set(high, v128.load(base, offsets[i] + 16));
    });
  }

  /** Adds the products of a stretch of the depth. */
  accumulate(stretch: Stretch): void {
    const { f } = this;
    const { length, a, b, aStride, bStride } = stretch;
    const advance = (count: number) => {
      for (let u = 0; u < count; u++) this.depth(stretch, u);
      f.set(a, i32.add(a.get, i32.const(count * aStride)));
      f.set(b, i32.add(b.get, i32.const(count * bStride)));
    };
    if (length >= UNROLL) f.repeat(Math.floor(length / UNROLL), () => advance(UNROLL));
    if (length % UNROLL > 0) advance(length % UNROLL);
  }

  private depth({ a, aRows, aStride, b, bOffset, bStride }: Stretch, u: number): void {
    const { f, left, right, factor } = this;
    // V8 checks an address against the memory's size less the offset, and computes that once for all that have one offset.
    const at = f.let("i32", i32.add(b.get, i32.const(bOffset + u * bStride)));
    f.set(left, v128.load(at.get, 0));
    f.set(right, v128.load(at.get, 16));
    this.rows.forEach(([low, high], i) => {
      f.set(factor, v128.load32Splat(a.get, aRows[i] + u * aStride));
      f.set(low, f.multiplyAdd(factor.get, left.get, low.get));
      f.set(high, f.multiplyAdd(factor.get, right.get, high.get));
    });
  }

  /** Stores the first `columns` columns of each row, `offsets` bytes from `base`. */
  store(base: Code, offsets: readonly number[], columns = PANEL): void {
    this.rows.forEach(([low, high], i) => {
      storeLanes(this.f, base, offsets[i], low.get, Math.min(columns, 4));
      if (columns > 4) storeLanes(this.f, base, offsets[i] + 16, high.get, columns - 4);
    });
  }

  /** `store` into a panel of a matrix of `n` columns that starts at `column`, the last of which may be narrower. */
  storePanel(base: Code, offsets: readonly number[], n: number, column: Local): void {
    const rest = n % PANEL;
    if (rest === 0) return this.store(base, offsets);
    if (n < PANEL) return this.store(base, offsets, rest);
    const isLast = i32.geS(column.get, i32.const(n - rest));
    this.f.if(isLast, () => this.store(base, offsets, rest), () => this.store(base, offsets));
  }
}

/** `count` byte offsets, `stride` apart, from `first`. */
export function spaced(count: number, stride: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => first + i * stride);
}

/** Covers `m` rows by tiles: sixes and fours where possible, for narrow tiles leave the multipliers idle. */
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

/** Copies `rows` rows of a panel, `stride` bytes apart, into `[rows][8]` at `target`. Columns past the end hold anything. */
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
