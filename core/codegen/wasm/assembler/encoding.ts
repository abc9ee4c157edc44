/** Byte encodings of the WebAssembly binary format (WebAssembly Core Specification 2.0, chapter 5). */

/** A part of a function's body: instructions that leave at most one value on the stack. */
export type Code = readonly number[];

/** A whole number from 0 on, in LEB128: seven bits in each byte, lowest first. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const more = value > 0x7f;
    bytes.push((value & 0x7f) | (more ? 0x80 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}

/** A signed 32-bit integer in LEB128. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const byte = value & 0x7f;
    value >>= 7;
    if ((value === 0 && (byte & 0x40) === 0) || (value === -1 && (byte & 0x40) !== 0)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** The four bytes of a float32, lowest first. */
export function float32(value: number): number[] {
  return [...new Uint8Array(new Float32Array([value]).buffer)];
}

/** A name: its length in bytes, then its bytes. */
export function utf8(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

/** A vector in the format's sense: the number of items, then the items. */
export function vector(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}
