/** Shapes and element types. A tensor is row-major and contiguous; a shape of `[]` is a scalar. */

export type Shape = readonly number[];

/** `f32` for numbers, `i32` for indices, `u8` for stored pixels and labels. */
export type DType = "f32" | "i32" | "u8";

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export const BYTES: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u8: 1 };

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

export function bytesOf(type: TensorType): number {
  return sizeOf(type.shape) * BYTES[type.dtype];
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(", ")}]`;
}

/** Thrown while a program is traced, when an operand has a shape or type that the op cannot take. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

/** Throws a `ShapeError` that names the op and what it got, unless `condition` holds. */
export function requireShape(
  condition: boolean,
  op: string,
  rule: string,
  inputs: readonly TensorType[],
): asserts condition {
  if (!condition) throw new ShapeError(`${op}: ${rule}, got ${inputs.map(formatType).join(" and ")}`);
}
