import { crc32 } from "node:zlib";
import { concatBytes } from "../../../core/bytes.ts";
import { COLOUR, type Header, PngError, readHeader } from "./header.ts";

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
