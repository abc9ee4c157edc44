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
