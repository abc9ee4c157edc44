/** Defines an op: its shape rule, its slow and obvious reference, its gradient and its code for each backend. */
import type { Code, FunctionBuilder, Local } from "./codegen/wasm/assembler/function_builder.ts";
import type { WasmKernel } from "./codegen/wasm/kernel.ts";
import type { WgslKernel } from "./codegen/wgsl/kernel.ts";
import type { TensorType } from "./shape.ts";

/** A node of a program: a type, a shape and the op that computes it, but no numbers. */
export interface Tensor extends TensorType {
  /** Increases in order of creation, so sorting by it sorts topologically. */
  readonly id: number;
  /** The op that computes it. */
  readonly op: Op;
  /** The operands of `op`. */
  readonly inputs: readonly Tensor[];
}

/** Values on the reference backend: float64 for `f32` tensors, so that finite differences are accurate. */
export type Values = Float64Array | Int32Array | Uint8Array;

interface OpBase {
  /** For messages and labels only. Ops are compared by identity; see `opFamily` in `ops/define.ts`. */
  readonly name: string;
  /**
   * The type of the result.
   * @throws {ShapeError} When the op cannot take these inputs.
   */
  type(inputs: readonly TensorType[]): TensorType;
  /**
   * Given the gradient of the loss with respect to the result, builds from other ops the gradient with respect to each
   * input; undefined for an input without a gradient, such as an index. `null` means that the op is not differentiable.
   */
  readonly gradient: ((outputGradient: Tensor, node: Tensor) => (Tensor | undefined)[]) | null;
}

/**
 * An op whose result element i depends on element i of each input alone, so neighbours fuse into one loop. All shapes
 * are equal.
 */
export interface ElementwiseOp extends OpBase {
  readonly kind: "elementwise";
  /** One element in float64. */
  reference(...operands: number[]): number;
  /** Code for four elements at once. Operands are locals, so they may be read more than once. */
  wasm(f: FunctionBuilder, ...operands: Local[]): Code;
  /** An expression over the operands, each the name of an f32 variable. */
  wgsl(...operands: string[]): string;
}

/** Any other op that every backend implements. It runs as a kernel of its own. */
export interface KernelOp extends OpBase {
  readonly kind: "kernel";
  /** The result is the input's elements in the same order, so both may share memory. */
  readonly isView?: true;
  /** Fills `output`, which starts as zeros, with plain loops. */
  reference(inputs: readonly Values[], output: Values, node: Tensor): void;
  wasm(node: Tensor): WasmKernel;
  wgsl(node: Tensor): WgslKernel;
}

/**
 * A special kernel: it computes what a pattern of other ops defines, but faster. A backend's rewrite rules put it into
 * a program, so nothing outside that backend ever sees it.
 */
export interface SpecialOp extends OpBase {
  readonly kind: "special";
  /**
   * The result is the part of the input that begins at this byte, and no kernel runs. This lets one kernel have several
   * results.
   */
  readonly partAt?: number;
  wasm(node: Tensor): WasmKernel;
}

/** The op of a node that no kernel computes: its value is already in memory. */
export interface LeafOp extends OpBase {
  readonly kind: "leaf";
  readonly source: LeafSource;
}

/** Where a leaf's value comes from. */
export type LeafSource =
  /**
   * State, which lives across steps under a name: parameters, the dataset, results. For the hints see `StateHints` in
   * `graph.ts`.
   */
  | { readonly kind: "state"; readonly name: string; readonly density?: number; readonly frozen?: boolean }
  /** One number per step, which the host computes in float64: a learning rate, an offset, the number of the step. */
  | { readonly kind: "perStep"; valueAt(step: number): number }
  /** The same number in every element. */
  | { readonly kind: "constant"; readonly value: number };

/** Any op. */
export type Op = ElementwiseOp | KernelOp | SpecialOp | LeafOp;
