/** Products in WGSL: each invocation keeps a block of the result in registers while the depth runs by. */
import type { WgslKernel } from "./kernel.ts";

/** Rows and columns of a block; a result with fewer has smaller blocks. */
export interface BlockSize {
  readonly rows: number;
  readonly columns: number;
}

export interface RegisterBlock {
  /** Of a block. Tall ones read less for each product; where a row takes much code, compilers choke on them. */
  size: BlockSize;
  /** Extents of the result. */
  rows: number;
  columns: number;
  /** Loops over the depth, with the word ACCUMULATE where one depth's products are to be added. */
  depth: string;
  /** Statements that make what `a` needs to know of the row `row`, once for each row of a block, numbered `index`. */
  row?(row: string, index: number): string;
  /** The factor of a row and of a column at the present depth. Rows and columns past the end ask for the last one's. */
  a(row: string, index: number): string;
  b(column: string): string;
  put(row: string, column: string, value: string): string;
}

const GROUP = [8, 8] as const;

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
    // Neighbouring invocations take neighbouring columns, which lie side by side in memory.
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
