/** The matrix product in WGSL. */
import type { Product } from "../extents.ts";
import type { WgslKernel } from "./kernel.ts";
import { registerBlock } from "./register_block.ts";

/** A kernel for the product with these extents and strides. */
export function matmulWgsl({ m, n, k, aRow, aDepth, bDepth, bColumn }: Product): WgslKernel {
  return registerBlock({
    size: { rows: 8, columns: 4 },
    rows: m,
    columns: n,
    depth: `for (var d = 0u; d < ${k}u; d++) { ACCUMULATE }`,
    a: (row) => `x0(${row} * ${aRow}u + d * ${aDepth}u)`,
    b: (column) => `x1(d * ${bDepth}u + ${column} * ${bColumn}u)`,
    put: (row, column, value) => `put(${row} * ${n}u + ${column}, ${value});`,
  });
}
