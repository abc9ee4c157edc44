/** What an op is: its shape rule, its slow and obvious reference, its gradient and its code for each backend. */
import type { TensorType } from "./shape.ts";
import type { Code, FunctionBuilder, Local } from "./codegen/wasm/assembler/function_builder.ts";
import type { WasmKernel } from "./codegen/wasm/kernel.ts";
import type { WgslKernel } from "./codegen/wgsl/kernel.ts";

/** A node of a program, not numbers: what type of value it is, the op that makes it and that op's inputs. */
export interface Tensor extends TensorType {
  /** Grows in the order of creation, so sorting by it sorts topologically. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
}

/** Values on the reference backend: float64 for `f32` tensors, so that finite differences mean something. */
export type Values = Float64Array | Int32Array | Uint8Array;

interface OpBase {
  readonly name: string;
  /** The type of the result; throws a `ShapeError` for inputs that the op cannot take. */
  type(inputs: readonly TensorType[]): TensorType;
  /**
   * The gradient of the loss for each input, given that of the output, written in other ops; undefined for an input that
   * has none (an index). `null`: the op is not differentiable.
   */
  readonly gradient: ((outputGradient: Tensor, node: Tensor) => (Tensor | undefined)[]) | null;
}

/** Result element i depends on element i of each input alone, so neighbours fuse into one loop. All shapes are equal. */
export interface ElementwiseOp extends OpBase {
  readonly kind: "elementwise";
  reference(...operands: number[]): number;
  /** Four elements at once. Operands are locals, so they may be used more than once. */
  wasm(f: FunctionBuilder, ...operands: Local[]): Code;
  /** An expression over the operands, which are names of f32 variables. */
  wgsl(...operands: string[]): string;
}

export interface KernelOp extends OpBase {
  readonly kind: "kernel";
  /** The result is the input's elements in the same order, so both may share memory. */
  readonly isView?: true;
  reference(inputs: readonly Values[], output: Values, node: Tensor): void;
  wasm(node: Tensor): WasmKernel;
  wgsl(node: Tensor): WgslKernel;
}

/**
 * A kernel for what other ops define already, better in certain cases. A backend puts it into a program by rewriting what it
 * was given, so nobody else sees it.
 */
export interface SpecialOp extends OpBase {
  readonly kind: "special";
  /** The result is the part of its input that begins at this byte, so no kernel runs: how one kernel gives several results. */
  readonly partAt?: number;
  wasm(node: Tensor): WasmKernel;
}

/** A node that no kernel computes: the backend finds its value in memory. */
export interface LeafOp extends OpBase {
  readonly kind: "leaf";
  readonly source: LeafSource;
}

export type LeafSource =
  /** Lives across steps under a name: parameters, the dataset, results. */
  | { readonly kind: "state"; readonly name: string; readonly density?: number; readonly frozen?: boolean }
  /** One number for each step, computed by the host in float64: a learning rate, an offset, the step itself. */
  | { readonly kind: "perStep"; valueAt(step: number): number }
  /** The same number in every element. */
  | { readonly kind: "constant"; readonly value: number };

export type Op = ElementwiseOp | KernelOp | SpecialOp | LeafOp;
