import type { Product } from "../codegen/extents.ts";
import type { FunctionBuilder, Local } from "../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { type Address, baseOf, type WasmKernel } from "../codegen/wasm/kernel.ts";
import { packPanel, PANEL, PANEL_BYTES, RegisterTile, spaced, tileHeights } from "../codegen/wasm/tile.ts";
import { transpose4 } from "../codegen/wasm/vectors.ts";
import { matmulWgsl } from "../codegen/wgsl/matmul.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, type TensorType } from "../shape.ts";
import { opFamily } from "./define.ts";

/** Which operands of a product are transposed; none by default. */
export interface MatmulOptions {
  /** The left operand is `[k, m]` instead. */
  transposeA?: boolean;
  /** The right operand is `[n, k]` instead. */
  transposeB?: boolean;
}

/** Extents and strides, in elements, of `C[m, n] = Σ_k A(m, k) B(k, n)`. */
function productOf([a, b]: readonly TensorType[], { transposeA, transposeB }: MatmulOptions): Product {
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const n = transposeB ? b.shape[0] : b.shape[1];
  const [aRow, aDepth] = transposeA ? [1, m] : [k, 1];
  const [bDepth, bColumn] = transposeB ? [1, k] : [n, 1];
  return { m, n, k, aRow, aDepth, bDepth, bColumn };
}

/** Matrix products; `MatmulOptions` are the attributes. */
export const matmulOp = opFamily(({ transposeA, transposeB }: Required<MatmulOptions>): KernelOp => ({
  kind: "kernel",
  name: "matmul",
  type(inputs) {
    const [a, b] = inputs;
    const matrices = inputs.every((x) => x.dtype === "f32" && x.shape.length === 2);
    requireShape(matrices, "matmul", "takes two f32 matrices", inputs);
    const depthA = a.shape[transposeA ? 0 : 1], depthB = b.shape[transposeB ? 1 : 0];
    requireShape(depthA === depthB, "matmul", "takes matrices that agree in their inner extent", inputs);
    const { m, n } = productOf(inputs, { transposeA, transposeB });
    return { dtype: "f32", shape: [m, n] };
  },
  gradient(g, { inputs: [a, b] }) {
    return [
      transposeA
        ? matmul(b, g, { transposeA: transposeB, transposeB: true })
        : matmul(g, b, { transposeB: !transposeB }),
      transposeB
        ? matmul(g, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, g, { transposeA: !transposeA }),
    ];
  },
  reference([a, b], output, node) {
    const { m, n, k, aRow, aDepth, bDepth, bColumn } = productOf(node.inputs, { transposeA, transposeB });
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let d = 0; d < k; d++) total += a[i * aRow + d * aDepth] * b[d * bDepth + j * bColumn];
        output[i * n + j] = total;
      }
    }
  },
  wasm: (node) => matmulKernel(productOf(node.inputs, { transposeA, transposeB })),
  wgsl: (node) => matmulWgsl(productOf(node.inputs, { transposeA, transposeB })),
}));

/** The matrix product `[m, k] · [k, n]` → `[m, n]`. */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  return apply(matmulOp({ transposeA, transposeB }), a, b);
}

/**
 * The matrix product C[m, n] = Σ_k A[m, k] B[k, n] in WebAssembly. A work item is a panel of 8 columns of B, packed
 * into `[k][8]` so that the inner loop reads it in order: it stays in the first-level cache while tiles of 6 rows of A
 * pass over it. The inner loop is in `codegen/wasm/tile.ts`.
 */
function matmulKernel(product: Product): WasmKernel {
  const { m, n, k, aRow, aDepth, bDepth, bColumn } = product;
  // A single tile of rows reads each panel only once, so B is not packed.
  const direct = bColumn === 1 && m <= 6;
  return {
    extent: Math.ceil(n / PANEL),
    work: m * n * k / 4,
    scratchBytes: direct ? 0 : (Math.ceil(k / 4) * 4) * PANEL_BYTES,
    emit(f, { from, to, inputs: [a, b], output, scratch }) {
      const panel = f.let("i32", from.get);
      const column = f.local("i32"), panelAt = f.local("i32"), out = f.local("i32"), row = f.local("i32");
      const aAt = f.local("i32"), bAt = f.local("i32");
      f.countTo(panel, to.get, 1, () => {
        f.set(column, i32.mul(panel.get, i32.const(PANEL)));
        const columnBytes = i32.mul(column.get, i32.const(4));
        f.set(panelAt, direct ? baseOf(b, columnBytes) : scratch.get);
        if (!direct && bColumn === 1) packPanel(f, k, baseOf(b, columnBytes), b.offset, bDepth * 4, scratch.get);
        if (!direct && bColumn !== 1) packColumns(f, product, b, column, scratch);
        f.set(out, baseOf(output, columnBytes));
        f.set(row, baseOf(a));
        for (const [height, count] of tileHeights(m)) {
          const tile = new RegisterTile(f, height);
          f.repeat(count, () => {
            tile.clear();
            f.set(aAt, row.get);
            f.set(bAt, panelAt.get);
            tile.accumulate({
              length: k,
              a: aAt,
              aRows: spaced(height, aRow * 4, a.offset),
              aStride: aDepth * 4,
              b: bAt,
              bOffset: direct ? b.offset : 0,
              bStride: direct ? bDepth * 4 : PANEL_BYTES,
            });
            tile.storePanel(out.get, spaced(height, n * 4, output.offset), n, column);
            f.set(row, i32.add(row.get, i32.const(height * aRow * 4)));
            f.set(out, i32.add(out.get, i32.const(height * n * 4)));
          });
        }
      });
    },
  };
}

/** Packs a panel of a transposed B, `[n, k]`, by blocks of 4 × 4. Beyond the last row of B, that row is read again. */
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
