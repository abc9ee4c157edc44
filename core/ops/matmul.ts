import type { Product } from "../codegen/extents.ts";
import { matmulKernel } from "../codegen/wasm/matmul.ts";
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
