/** One of PyTorch's typed storages: a flat run of numbers that tensors are views of. */
import { CheckpointError, quote } from "./errors.ts";

export interface ElementType {
  /** Bytes of one number. */
  readonly size: number;
  /** The number that starts at `byteOffset`. */
  read(view: DataView, byteOffset: number): number;
}

/** By the name of the storage's class in the module `torch`. Numbers are little-endian; all become float32. */
export const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  FloatStorage: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  DoubleStorage: { size: 8, read: (view, at) => view.getFloat64(at, true) },
  HalfStorage: { size: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  BFloat16Storage: { size: 2, read: (view, at) => bfloat16ToNumber(view.getUint16(at, true)) },
};

export const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export class Storage {
  readonly #view: DataView;

  /** @throws CheckpointError when `bytes` do not hold `length` numbers */
  constructor(readonly type: ElementType, readonly length: number, bytes: Uint8Array, key: string) {
    if (length * type.size > bytes.length) {
      throw new CheckpointError(
        `${quote(`data/${key}`)} should hold ${length} numbers (${
          length * type.size
        } bytes), but has ${bytes.length} bytes`,
      );
    }
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** `count` numbers from `offset` on, if they are stored as this machine stores float32; else undefined. */
  copyFloats(offset: number, count: number): Float32Array | undefined {
    if (this.type !== ELEMENT_TYPES.FloatStorage || !IS_LITTLE_ENDIAN) return undefined;
    const { buffer, byteOffset } = this.#view;
    const start = byteOffset + 4 * offset;
    return new Float32Array(buffer.slice(start, start + 4 * count));
  }

  /** @param index within `[0, length)`, not checked */
  at(index: number): number {
    return this.type.read(this.#view, index * this.type.size);
  }
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function bfloat16ToNumber(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
