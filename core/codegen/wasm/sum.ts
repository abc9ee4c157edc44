/** Sums over neighbouring axes in WebAssembly. */
import { f32x4, i32, v128 } from "./assembler/instructions.ts";
import { acrossLanes, firstLanes, storeLanes } from "./vectors.ts";
import type { Split } from "../extents.ts";
import { baseOf, type WasmKernel } from "./kernel.ts";

/** The sum for inner = 1: each row of `length` numbers, four lanes side by side and then together. */
export function sumRows({ outer, length }: Split): WasmKernel {
  return {
    // A work item is 16 results, a cache line, so that each line has one writer.
    extent: Math.ceil(outer / 16),
    emit(f, { from, to, inputs: [x], output }) {
      const row = f.let("i32", i32.mul(from.get, i32.const(16)));
      const limit = f.let("i32", i32.mul(to.get, i32.const(16)));
      f.if(i32.gtS(limit.get, i32.const(outer)), () => f.set(limit, i32.const(outer)));
      const at = f.local("i32"), total = f.local("v128");
      f.countTo(row, limit.get, 1, () => {
        f.set(at, baseOf(x, i32.mul(row.get, i32.const(length * 4))));
        f.set(total, v128.zero);
        const vectors = Math.floor(length / 4), rest = length % 4;
        if (vectors > 0) {
          f.repeat(vectors, () => {
            f.set(total, f32x4.add(total.get, v128.load(at.get, x.offset)));
            f.set(at, i32.add(at.get, i32.const(16)));
          });
        }
        if (rest > 0) f.set(total, f32x4.add(total.get, firstLanes(v128.load(at.get, x.offset), rest, 0)));
        const sum = acrossLanes(f, total.get, f32x4.add);
        f.emit(v128.store32Lane(baseOf(output, i32.mul(row.get, i32.const(4))), output.offset, sum.get, 0));
      });
    },
  };
}

/**
 * Columns of a work item: a cache line of the result, so that each line has one writer, and one of each row that is
 * read.
 */
const COLUMNS = 16;

/** The sum for inner > 1: adds up whole rows, a cache line of columns at a time. */
export function sumColumns({ outer, length, inner }: Split): WasmKernel {
  const blocks = Math.ceil(inner / COLUMNS), rest = inner - (blocks - 1) * COLUMNS;
  return {
    extent: outer * blocks,
    emit(f, { from, to, inputs: [x], output }) {
      const item = f.let("i32", from.get);
      const block = f.local("i32"), o = f.local("i32"), at = f.local("i32");
      const totals = Array.from({ length: COLUMNS / 4 }, () => f.local("v128"));
      const sumBlock = (columns: number) => {
        const used = totals.slice(0, Math.ceil(columns / 4));
        const startOf = (rows: number) =>
          i32.mul(
            i32.add(i32.mul(o.get, i32.const(rows * inner)), i32.mul(block.get, i32.const(COLUMNS))),
            i32.const(4),
          );
        f.set(at, baseOf(x, startOf(length)));
        for (const total of used) f.set(total, v128.zero);
        f.repeat(length, () => {
          used.forEach((total, i) => f.set(total, f32x4.add(total.get, v128.load(at.get, x.offset + 16 * i))));
          f.set(at, i32.add(at.get, i32.const(inner * 4)));
        });
        f.set(at, baseOf(output, startOf(1)));
        used.forEach((total, i) => {
          storeLanes(f, at.get, output.offset + 16 * i, total.get, Math.min(4, columns - 4 * i));
        });
      };
      f.countTo(item, to.get, 1, () => {
        f.set(o, i32.divU(item.get, i32.const(blocks)));
        f.set(block, i32.remU(item.get, i32.const(blocks)));
        if (rest === COLUMNS) return sumBlock(COLUMNS);
        if (blocks === 1) return sumBlock(rest);
        f.if(i32.eq(block.get, i32.const(blocks - 1)), () => sumBlock(rest), () => sumBlock(COLUMNS));
      });
    },
  };
}
