import { CheckpointError } from "./errors.ts";
import type { Storage } from "./storage.ts";

/** A view of a storage, in numbers, not bytes. */
export interface StridedView {
  storage: Storage;
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}

const MAX_DIMENSIONS = 8;

/** @returns how many numbers a tensor of `shape` has */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** @throws CheckpointError unless every number of the view lies within its storage */
export function checkView({ storage, offset, shape, strides }: StridedView): void {
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS) {
    throw new CheckpointError(
      `a tensor has ${shape.length} sizes and ${strides.length} strides; ` +
        `both must be equal and at most ${MAX_DIMENSIONS}`,
    );
  }
  const numbers = [offset, ...shape, ...strides];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw new CheckpointError(
      `a tensor has an offset, size or stride that is not a whole number: ${numbers.join(", ")}`,
    );
  }
  const count = elementCount(shape);
  const end = count === 0 ? offset : 1 + shape.reduce((last, size, d) => last + (size - 1) * strides[d], offset);
  if (end > storage.length) {
    throw new CheckpointError(
      `a tensor of shape [${shape}] with strides [${strides}] at ${offset} reaches to ${end} ` +
        `in a storage of ${storage.length} numbers`,
    );
  }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== expected) return false;
    expected *= shape[d];
  }
  return true;
}

/** The numbers of a checked view in row-major order. */
export function gather({ storage, offset, shape, strides }: StridedView): Float32Array {
  const count = elementCount(shape);
  // The usual case by far: float32 in row-major order, to be copied as it is.
  const copied = isContiguous(shape, strides) ? storage.copyFloats(offset, count) : undefined;
  if (copied) return copied;
  const out = new Float32Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = storage.at(from);
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}
