/** Joins the parts, in order, in a new array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return fill(new Uint8Array(totalLength(parts)), parts);
}

/** Joins the parts, in order, in a new array. */
export function concatFloats(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  return fill(new Float32Array(totalLength(parts)), parts);
}

function totalLength(parts: readonly ArrayLike<number>[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function fill<T extends { set(part: ArrayLike<number>, offset: number): void }>(
  all: T,
  parts: readonly ArrayLike<number>[],
): T {
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/**
 * Frees a large array at once, not only when garbage is next collected, which may be long after. Nothing may use its
 * buffer afterwards. Small ones are left alone, because they may share their buffer with others.
 */
export function releaseBytes({ buffer, byteLength }: Uint8Array<ArrayBuffer>): void {
  if (byteLength >= 2 ** 20) buffer.transfer(0);
}
