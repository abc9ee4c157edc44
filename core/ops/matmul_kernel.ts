/**
 * The matrix product in WebAssembly. Columns are taken in panels of 8; a panel of B is packed into `[k][8]`, then tiles of
 * up to 6 rows of C are kept in registers (6 × 2 accumulators, 2 of B, 1 of A: 15 of the 16 that engines use) while the
 * depth runs by.
 */
import type { Code, FunctionBuilder, Local } from "../emit/wasm/function_builder.ts";
import { i32, v128 } from "../emit/wasm/instructions.ts";
import { storeLanes } from "../emit/wasm/math.ts";
import type { Address, WasmKernel } from "../op.ts";
import { baseOf } from "./addressing.ts";

/** `C[m, n] = Σ_k A(m, k) B(k, n)` with strides in elements; one stride of each operand is 1. */
export interface Product {
  m: number;
  n: number;
  k: number;
  aRow: number;
  aDepth: number;
  bDepth: number;
  bColumn: number;
}

const PANEL = 8, PANEL_BYTES = PANEL * 4;
const UNROLL = 4;

export function matmulKernel(product: Product): WasmKernel {
  const { m, n, k, bDepth, bColumn } = product;
  // With a single tile of rows a packed panel would be read only once, so B is read where it lies.
  const direct = bColumn === 1 && m <= 6;
  const panelStride = direct ? bDepth * 4 : PANEL_BYTES;
  return {
    extent: Math.ceil(n / PANEL),
    scratchBytes: direct ? 0 : (Math.ceil(k / 4) * 4) * PANEL_BYTES,
    emit(f, { from, to, inputs: [a, b], output, scratch }) {
      const panel = f.let("i32", from.get);
      const column = f.local("i32");
      const panelAt = direct ? f.local("i32") : scratch;
      const out = f.local("i32");
      const row = f.local("i32");
      f.countTo(panel, to.get, 1, () => {
        f.set(column, i32.mul(panel.get, i32.const(PANEL)));
        const columnBytes = i32.mul(column.get, i32.const(4));
        if (direct) f.set(panelAt, baseOf(b, columnBytes));
        else if (bColumn === 1) packRows(f, product, baseOf(b, columnBytes), b.offset, scratch);
        else packColumns(f, product, b, column, scratch);
        f.set(out, baseOf(output, columnBytes));
        f.set(row, baseOf(a));
        for (const [height, count] of tileHeights(m)) {
          f.repeat(count, () => {
            const tile = emitTile(f, product, height, {
              a: { base: row, offset: a.offset },
              b: { base: panelAt, offset: direct ? b.offset : 0 },
              panelStride,
            });
            storeTile(f, tile, n, { base: out, offset: output.offset }, column);
            f.set(row, i32.add(row.get, i32.const(height * product.aRow * 4)));
            f.set(out, i32.add(out.get, i32.const(height * n * 4)));
          });
        }
      });
    },
  };
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

/** B is `[k, n]`: copies 8 columns of each row. Columns past the end hold anything; they are never stored. */
function packRows(f: FunctionBuilder, { k, bDepth }: Product, source: Code, offset: number, scratch: Local): void {
  const from = f.let("i32", source), to = f.let("i32", scratch.get);
  const copyRows = (rows: number) => {
    for (let u = 0; u < rows; u++) {
      for (const half of [0, 16]) {
        f.emit(v128.store(to.get, u * PANEL_BYTES + half, v128.load(from.get, offset + u * bDepth * 4 + half)));
      }
    }
    f.set(from, i32.add(from.get, i32.const(rows * bDepth * 4)));
    f.set(to, i32.add(to.get, i32.const(rows * PANEL_BYTES)));
  };
  if (k >= UNROLL) f.repeat(Math.floor(k / UNROLL), () => copyRows(UNROLL));
  if (k % UNROLL > 0) copyRows(k % UNROLL);
}

/** B is `[n, k]`: transposes blocks of 4 × 4. The last row of B stands in for those past the end. */
function packColumns(f: FunctionBuilder, { n, k, bColumn }: Product, b: Address, column: Local, scratch: Local): void {
  const rows = Array.from({ length: PANEL }, (_, i) => {
    const index = f.let("i32", i32.add(column.get, i32.const(i)));
    if (n % PANEL !== 0) f.if(i32.geS(index.get, i32.const(n)), () => f.set(index, i32.const(n - 1)));
    return f.let("i32", baseOf(b, i32.mul(index.get, i32.const(bColumn * 4))));
  });
  const to = f.let("i32", scratch.get);
  f.repeat(Math.ceil(k / 4), () => {
    for (const half of [0, 4]) {
      const block = rows.slice(half, half + 4).map((row) => f.let("v128", v128.load(row.get, b.offset)));
      transpose4(f, block).forEach((vector, i) => f.emit(v128.store(to.get, i * PANEL_BYTES + half * 4, vector)));
    }
    for (const row of rows) f.set(row, i32.add(row.get, i32.const(16)));
    f.set(to, i32.add(to.get, i32.const(4 * PANEL_BYTES)));
  });
}

/** Rows of a 4 × 4 block of float32 into its columns. */
function transpose4(f: FunctionBuilder, rows: readonly Local[]): Code[] {
  const words = (...lanes: number[]) => lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));
  const low = words(0, 4, 1, 5), high = words(2, 6, 3, 7);
  const [a, b, c, d] = rows.map((row) => row.get);
  const abLow = f.let("v128", v128.shuffle(a, b, low)), abHigh = f.let("v128", v128.shuffle(a, b, high));
  const cdLow = f.let("v128", v128.shuffle(c, d, low)), cdHigh = f.let("v128", v128.shuffle(c, d, high));
  const first = words(0, 1, 4, 5), second = words(2, 3, 6, 7);
  return [
    v128.shuffle(abLow.get, cdLow.get, first),
    v128.shuffle(abLow.get, cdLow.get, second),
    v128.shuffle(abHigh.get, cdHigh.get, first),
    v128.shuffle(abHigh.get, cdHigh.get, second),
  ];
}

interface TileOperands {
  a: Required<Address>;
  b: Required<Address>;
  /** Bytes from one depth of the panel to the next. */
  panelStride: number;
}

/** `height` rows by 8 columns of C, as two accumulators a row. */
function emitTile(f: FunctionBuilder, product: Product, height: number, operands: TileOperands): Local[][] {
  const { k, aRow, aDepth } = product;
  const { panelStride } = operands;
  const tile = Array.from({ length: height }, () => [f.let("v128", v128.zero), f.let("v128", v128.zero)]);
  const a = f.let("i32", operands.a.base.get), b = f.let("i32", operands.b.base.get);
  const left = f.local("v128"), right = f.local("v128"), factor = f.local("v128");
  const depths = (count: number) => {
    for (let u = 0; u < count; u++) {
      f.set(left, v128.load(b.get, operands.b.offset + u * panelStride));
      f.set(right, v128.load(b.get, operands.b.offset + u * panelStride + 16));
      tile.forEach(([low, high], i) => {
        f.set(factor, v128.load32Splat(a.get, operands.a.offset + (i * aRow + u * aDepth) * 4));
        f.set(low, f.multiplyAdd(factor.get, left.get, low.get));
        f.set(high, f.multiplyAdd(factor.get, right.get, high.get));
      });
    }
    f.set(a, i32.add(a.get, i32.const(count * aDepth * 4)));
    f.set(b, i32.add(b.get, i32.const(count * panelStride)));
  };
  if (k >= UNROLL) f.repeat(Math.floor(k / UNROLL), () => depths(UNROLL));
  if (k % UNROLL > 0) depths(k % UNROLL);
  return tile;
}

function storeTile(f: FunctionBuilder, tile: Local[][], n: number, out: Required<Address>, column: Local): void {
  const store = (columns: number) => {
    tile.forEach(([low, high], i) => {
      const offset = out.offset + i * n * 4;
      storeLanes(f, out.base.get, offset, low.get, Math.min(columns, 4));
      if (columns > 4) storeLanes(f, out.base.get, offset + 16, high.get, columns - 4);
    });
  };
  const rest = n % PANEL;
  if (rest === 0) return store(PANEL);
  if (n < PANEL) return store(rest);
  f.if(i32.geS(column.get, i32.const(n - rest)), () => store(rest), () => store(PANEL));
}
