/** PyTorch's storages, and the tensors that are strided views of them. */
import { sizeOf } from "../../shape.ts";
import { type ElementType, readFloats } from "../element_types.ts";
import { ModelFileError, quote } from "../errors.ts";

/** A sequence of numbers of one type, in its own record of the archive. */
export class Storage {
  readonly #view: DataView;

  /**
   * @param key names the record, for messages
   * @throws {ModelFileError} when `bytes` do not hold `length` numbers
   */
  constructor(readonly type: ElementType, readonly length: number, bytes: Uint8Array, key: string) {
    const needed = length * type.size;
    if (needed > bytes.length) {
      throw new ModelFileError(
        `${quote(`data/${key}`)} should hold ${length} numbers (${needed} bytes), but has ${bytes.length} bytes`,
      );
    }
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A copy of `count` numbers from `offset` on, which must lie within the storage. */
  read(offset: number, count: number): Float32Array {
    return readFloats(this.type, this.#view, offset * this.type.size, count);
  }

  /** @param index within `[0, length)`, not checked */
  at(index: number): number {
    return this.type.read(this.#view, index * this.type.size);
  }
}

/** A tensor as a view of a storage. Offset and strides count numbers, not bytes. */
export interface StridedView {
  storage: Storage;
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}

const MAX_DIMENSIONS = 8;

/** @throws {ModelFileError} unless every number of the view lies within its storage */
export function checkView({ storage, offset, shape, strides }: StridedView): void {
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS) {
    throw new ModelFileError(
      `a tensor has ${shape.length} sizes and ${strides.length} strides; ` +
        `both must be equal and at most ${MAX_DIMENSIONS}`,
    );
  }
  const numbers = [offset, ...shape, ...strides];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw new ModelFileError(
      `a tensor has an offset, size or stride that is not a whole number: ${numbers.join(", ")}`,
    );
  }
  const end = sizeOf(shape) === 0
    ? offset
    : 1 + shape.reduce((last, size, d) => last + (size - 1) * strides[d], offset);
  if (end > storage.length) {
    throw new ModelFileError(
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
  const count = sizeOf(shape);
  // By far the most common case.
  if (isContiguous(shape, strides)) return storage.read(offset, count);
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
