/**
 * Matrix-like products in WGSL. Each invocation keeps a block of the result in registers while it loops over the depth.
 */
import type { WgslKernel } from "./kernel.ts";
import type { Product } from "../extents.ts";

/** Rows and columns of a block. If the result has fewer, its blocks are smaller. */
export interface BlockSize {
  readonly rows: number;
  readonly columns: number;
}

/** A product whose factors can be read by row, column and depth. */
export interface RegisterBlock {
  /** Large blocks read less memory per product, but compile slowly if a row needs much code. */
  size: BlockSize;
  /** Rows of the result. */
  rows: number;
  /** Columns of the result. */
  columns: number;
  /** Statements that loop over the depth, with the word ACCUMULATE where the products at one depth are added up. */
  depth: string;
  /**
   * Statements that run once per row of a block, before `a`. `row` is the row's variable in WGSL, `index` its number.
   */
  row?(row: string, index: number): string;
  /** An expression for a row's factor at the current depth. Rows past the end are replaced by the last one. */
  a(row: string, index: number): string;
  /** An expression for a column's factor at the current depth. Columns past the end are replaced by the last one. */
  b(column: string): string;
  /** A statement that writes an element of the result. */
  put(row: string, column: string, value: string): string;
}

/** Invocations per workgroup. */
const GROUP = [8, 8] as const;

/** The kernel of `block`, with `declarations` outside the entry point. */
export function registerBlock(block: RegisterBlock, declarations?: string): WgslKernel {
  const height = Math.min(block.size.rows, block.rows), width = Math.min(block.size.columns, block.columns);
  const rows = [...Array(height).keys()], columns = [...Array(width).keys()];
  const blockRows = Math.ceil(block.rows / height), blockColumns = Math.ceil(block.columns / width);
  const lines = (indices: readonly number[], line: (i: number) => string) => indices.map(line).join("\n");
  const each = (line: (i: number, j: number) => string) => lines(rows, (i) => lines(columns, (j) => line(i, j)));
  const accumulate = `{
${lines(rows, (i) => `let a${i} = ${block.a(`row${i}`, i)};`)}
${lines(columns, (j) => `let b${j} = ${block.b(`column${j}`)};`)}
${each((i, j) => `sum${i}_${j} = fma(a${i}, b${j}, sum${i}_${j});`)}
}`;
  return {
    // Neighbouring invocations compute neighbouring columns, which are adjacent in memory.
    workgroups: [Math.ceil(blockColumns / GROUP[0]), Math.ceil(blockRows / GROUP[1]), 1],
    workgroupSize: [GROUP[0], GROUP[1], 1],
    declarations,
    body: `let firstRow = global.y * ${height}u;
let firstColumn = global.x * ${width}u;
if (firstRow >= ${block.rows}u || firstColumn >= ${block.columns}u) { return; }
${lines(rows, (i) => `let row${i} = min(firstRow + ${i}u, ${block.rows - 1}u);\n${block.row?.(`row${i}`, i) ?? ""}`)}
${lines(columns, (j) => `let column${j} = min(firstColumn + ${j}u, ${block.columns - 1}u);`)}
${each((i, j) => `var sum${i}_${j} = 0.0;`)}
${block.depth.replace("ACCUMULATE", accumulate)}
${
      each((i, j) => {
        const inside = [
          block.rows % height === 0 ? [] : [`firstRow + ${i}u < ${block.rows}u`],
          block.columns % width === 0 ? [] : [`firstColumn + ${j}u < ${block.columns}u`],
        ].flat().join(" && ");
        const put = block.put(`row${i}`, `column${j}`, `sum${i}_${j}`);
        return inside === "" ? put : `if (${inside}) { ${put} }`;
      })
    }`,
  };
}

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
