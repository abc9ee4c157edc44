/** Shapes and element types. Tensors are row-major and contiguous. */

/** The extents of a tensor's axes; `[]` is a scalar. */
export type Shape = readonly number[];

/** `f32` for numbers, `i32` for indices, `u8` for stored pixels and labels. */
export type DType = "f32" | "i32" | "u8";

/** What is known about a tensor before its numbers are computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Bytes per element. */
export const BYTES: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u8: 1 };

/** The number of elements of a tensor of `shape`. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The size of a tensor in bytes. */
export function bytesOf(type: TensorType): number {
  return sizeOf(type.shape) * BYTES[type.dtype];
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** A type as text for messages, such as `f32[64, 784]`. */
export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(", ")}]`;
}

/** Thrown while a program is traced, when an op cannot take the shape or type of an operand. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

/**
 * Requires `condition` to hold for the inputs of the op called `op`; `rule` completes the sentence "`op` …" in the
 * message.
 * @throws {ShapeError} When it does not hold; the message names the op, the rule and the given types.
 */
export function requireShape(
  condition: boolean,
  op: string,
  rule: string,
  inputs: readonly TensorType[],
): asserts condition {
  if (!condition) throw new ShapeError(`${op}: ${rule}, got ${inputs.map(formatType).join(" and ")}`);
}
