/** Number types in which files store tensors, little-endian. In memory all become float32. */

/** A type of number in a file. */
export interface ElementType {
  /** Bytes of one number. */
  readonly size: number;
  /** The number that starts at `byteOffset`. */
  read(view: DataView, byteOffset: number): number;
}

/** IEEE 754 binary32. */
export const FLOAT32: ElementType = { size: 4, read: (view, at) => view.getFloat32(at, true) };
/** IEEE 754 binary64. */
export const FLOAT64: ElementType = { size: 8, read: (view, at) => view.getFloat64(at, true) };
/** IEEE 754 binary16. */
export const FLOAT16: ElementType = { size: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) };
/** The upper half of a float32. */
export const BFLOAT16: ElementType = { size: 2, read: (view, at) => bfloat16ToNumber(view.getUint16(at, true)) };

/** A copy of `count` numbers of `type`, starting at `byteOffset` in `view`. The caller checks the bounds. */
export function readFloats(type: ElementType, view: DataView, byteOffset: number, count: number): Float32Array {
  // Float32 as in memory, which is little-endian wherever JavaScript runs today.
  if (type === FLOAT32) {
    const start = view.byteOffset + byteOffset;
    return new Float32Array(view.buffer.slice(start, start + 4 * count));
  }
  return Float32Array.from({ length: count }, (_, i) => type.read(view, byteOffset + i * type.size));
}

/** The bytes of `data` as a file stores them; a view, not a copy. */
export function floatBytes(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

function bfloat16ToNumber(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
