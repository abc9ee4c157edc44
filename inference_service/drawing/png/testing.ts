/** For tests: writes PNG files, valid and invalid. */
import { crc32, deflateSync } from "node:zlib";
import { concatBytes } from "../../../core/bytes.ts";

/** The first bytes of every PNG. */
export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** A picture and how to write it: 8-bit greyscale by default. */
export interface PngSpec {
  width: number;
  height: number;
  depth?: number;
  colour?: number;
  interlace?: number;
  /** Sample `channel` of pixel (x, y), within the depth. */
  sample?: (x: number, y: number, channel: number) => number;
  /** Filter of row y, 0 to 4. */
  filter?: (y: number) => number;
  /** Chunks between header and picture. */
  before?: Uint8Array[];
  /** Used in place of the compressed picture. */
  data?: Uint8Array;
}

const SAMPLES: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/** A chunk with its length and checksum. */
export function chunk(type: string, content: Uint8Array = new Uint8Array(0)): Uint8Array {
  const body = concat(new TextEncoder().encode(type), content);
  return concat(word(content.length), body, word(crc32(body)));
}

/** The IHDR chunk. */
export function header({ width, height, depth = 8, colour = 0, interlace = 0 }: PngSpec): Uint8Array {
  return chunk("IHDR", concat(word(width), word(height), Uint8Array.of(depth, colour, 0, 0, interlace)));
}

/** A whole file. */
export function writePng(spec: PngSpec): Uint8Array {
  const data = spec.data ?? deflateSync(filteredRows(spec));
  return concat(SIGNATURE, header(spec), ...spec.before ?? [], chunk("IDAT", data), chunk("IEND"));
}

/** The picture before compression: the filtered rows of each pass. */
export function filteredRows(spec: PngSpec): Uint8Array {
  const { width, height, depth = 8, colour = 0, interlace = 0, sample = () => 0, filter = () => 0 } = spec;
  const pixelBytes = Math.ceil(SAMPLES[colour] * depth / 8);
  const out: number[] = [];
  for (const [left, top, stepX, stepY] of interlace === 1 ? ADAM7 : [[0, 0, 1, 1]]) {
    let above: number[] = [];
    for (let y = top, row = 0; y < height; y += stepY, row++) {
      let bits = "";
      for (let x = left; x < width; x += stepX) {
        for (let c = 0; c < SAMPLES[colour]; c++) bits += sample(x, y, c).toString(2).padStart(depth, "0");
      }
      if (bits === "") break;
      const bytes = bits.match(/.{1,8}/g)!.map((byte) => parseInt(byte.padEnd(8, "0"), 2));
      out.push(
        filter(row),
        ...bytes.map((byte, i) => {
          const [a, b, c] = [bytes[i - pixelBytes] ?? 0, above[i] ?? 0, above[i - pixelBytes] ?? 0];
          return byte - [0, a, b, Math.floor((a + b) / 2), paeth(a, b, c)][filter(row)] & 255;
        }),
      );
      above = bytes;
    }
  }
  return Uint8Array.from(out);
}

function paeth(a: number, b: number, c: number): number {
  const distances = [a, b, c].map((value) => Math.abs(a + b - c - value));
  return [a, b, c][distances.indexOf(Math.min(...distances))];
}

/** 32 bits, big-endian. */
export function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Joins its arguments. */
export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatBytes(parts);
}
