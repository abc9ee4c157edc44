import { crc32 } from "node:zlib";
import { concatBytes } from "../../../core/bytes.ts";

/** Thrown for a picture that cannot be used. The message is for its sender. */
export class PngError extends Error {
  override name = "PngError";
}

/** Largest width and height of a drawing, in pixels. */
export const MAX_SIDE = 2048;

/** Colour types (PNG specification, table 11.1). */
export const COLOUR = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const;

/** The contents of IHDR. */
export interface Header {
  width: number;
  height: number;
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  depth: number;
  /** One of `COLOUR`. */
  colour: number;
  /** Samples per pixel as stored; a palette's index is one sample. */
  samples: number;
  interlaced: boolean;
}

/** Samples and legal depths of each colour type (PNG specification, table 11.1). */
const COLOUR_TYPES: Record<number, { samples: number; depths: readonly number[] } | undefined> = {
  [COLOUR.grey]: { samples: 1, depths: [1, 2, 4, 8, 16] },
  [COLOUR.rgb]: { samples: 3, depths: [8, 16] },
  [COLOUR.palette]: { samples: 1, depths: [1, 2, 4, 8] },
  [COLOUR.greyAlpha]: { samples: 2, depths: [8, 16] },
  [COLOUR.rgba]: { samples: 4, depths: [8, 16] },
};

/** Where the content of the header begins in a file: after the signature, and the chunk's length and type. */
const CONTENT_START = 16;
const CONTENT_BYTES = 13;

/** The header of an unchecked file, or undefined if it cannot be read. */
export function peekHeader(png: Uint8Array): Header | undefined {
  try {
    return readHeader(png.subarray(CONTENT_START, CONTENT_START + CONTENT_BYTES));
  } catch (error) {
    if (error instanceof PngError) return undefined;
    throw error;
  }
}

/**
 * Reads the 13 bytes of an IHDR chunk.
 *
 * @throws {PngError} for a size or kind that is not accepted
 */
export function readHeader(chunk: Uint8Array): Header {
  if (chunk.length !== CONTENT_BYTES) throw new PngError("the PNG has a damaged header");
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const [depth, colour, compression, filter, interlace] = chunk.subarray(8);
  if (width === 0 || height === 0) throw new PngError("the PNG has no pixels");
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new PngError(`the PNG is ${width}×${height} pixels, at most ${MAX_SIDE}×${MAX_SIDE} are taken`);
  }
  const type = COLOUR_TYPES[colour];
  if (type === undefined || !type.depths.includes(depth)) {
    throw new PngError(`the PNG has colour type ${colour} with ${depth} bits, which PNG does not know`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw new PngError("the PNG has a compression, filter or interlace method that PNG does not know");
  }
  return { width, height, depth, colour, samples: type.samples, interlaced: interlace === 1 };
}

/** The checked contents of a PNG file, not yet inflated. */
export interface Chunks {
  header: Header;
  /** Three bytes for each colour; present in palette pictures. */
  palette?: Uint8Array;
  /** The tRNS chunk: alpha of the palette's colours, or the one colour (16 bits per sample) that is transparent. */
  transparency?: Uint8Array;
  /** The compressed picture: all IDAT chunks joined. */
  data: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Length, type and checksum around the content of a chunk. */
const FRAME_BYTES = 12;
/** Even the largest drawing in chunks of 1 KiB has fewer. A file with more only costs time. */
const MAX_CHUNKS = 20_000;
/** This bit of a type's first letter is set for chunks that a reader may skip. */
const ANCILLARY_BIT = 0x20;

/**
 * Reads a whole file. Chunks that a drawing does not need (text, colour profiles, animation frames) are checked and
 * skipped.
 *
 * @throws {PngError} for a file that is damaged or breaks the rules of PNG
 */
export function readChunks(bytes: Uint8Array): Chunks {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw new PngError("the picture is not a PNG");
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  const data: Uint8Array[] = [];
  for (const { type, content, skippable } of chunks(bytes)) {
    if (header === undefined) {
      if (type !== "IHDR") throw new PngError("the PNG does not begin with its header");
      header = readHeader(content);
      continue;
    }
    switch (type) {
      case "PLTE":
        if (palette !== undefined || data.length > 0) throw new PngError("the PNG has a palette in the wrong place");
        palette = content;
        break;
      case "tRNS":
        if (transparency === undefined && data.length === 0) transparency = content;
        break;
      case "IDAT":
        data.push(content);
        break;
      case "IEND":
        if (data.length === 0) throw new PngError("the PNG has no picture data");
        checkColours(header, palette, transparency);
        return { header, palette, transparency, data: data.length === 1 ? data[0] : concatBytes(data) };
      default:
        if (!skippable) throw new PngError(`the PNG has a chunk "${type}" that PNG does not know there`);
    }
  }
  throw new PngError("the PNG ends too early");
}

interface Chunk {
  type: string;
  content: Uint8Array;
  skippable: boolean;
}

function* chunks(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = SIGNATURE.length;
  for (let count = 0; at + FRAME_BYTES <= bytes.length; count++) {
    if (count === MAX_CHUNKS) throw new PngError(`the PNG has more than ${MAX_CHUNKS} chunks`);
    const length = view.getUint32(at);
    const end = at + FRAME_BYTES + length;
    if (end > bytes.length) return;
    const type = typeName(bytes.subarray(at + 4, at + 8));
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new PngError(`the PNG is damaged: wrong checksum of its chunk "${type}"`);
    }
    yield { type, content: bytes.subarray(at + 8, end - 4), skippable: (bytes[at + 4] & ANCILLARY_BIT) !== 0 };
    at = end;
  }
}

/** The four letters of a chunk's type; other characters become question marks. */
function typeName(letters: Uint8Array): string {
  const name = String.fromCharCode(...letters);
  return /^[A-Za-z]*$/.test(name) ? name : name.replaceAll(/[^A-Za-z]/g, "?");
}

function checkColours(header: Header, palette: Uint8Array | undefined, transparency: Uint8Array | undefined) {
  if (header.colour === COLOUR.palette) {
    if (palette === undefined) throw new PngError("the PNG has no palette, though its pixels need one");
    if (palette.length === 0 || palette.length % 3 !== 0 || palette.length > 3 * 2 ** header.depth) {
      throw new PngError("the PNG has a palette of the wrong size");
    }
    if (transparency !== undefined && transparency.length > palette.length / 3) {
      throw new PngError("the PNG has more transparent colours than its palette has colours");
    }
  } else if (header.colour === COLOUR.grey || header.colour === COLOUR.rgb) {
    if (transparency !== undefined && transparency.length !== 2 * header.samples) {
      throw new PngError("the PNG has a transparent colour of the wrong size");
    }
  }
}
