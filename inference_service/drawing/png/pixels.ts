/** Turns the bytes of rows into samples of 8 bits: small and large depths, palettes, transparent colours. */
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { type Chunks, COLOUR, PngError } from "./chunks.ts";

/** Converts the rows of a file into the pixels of a raster. */
export interface PixelFormat {
  channels: Raster["channels"];
  /**
   * Turns unfiltered rows (`[height, ceil(width * bits per pixel / 8)]`) into samples of 8 bits,
   * `[height, width, channels]`; returns the rows themselves if there is nothing to do.
   */
  expand(rows: Uint8Array, width: number, height: number): Uint8Array;
}

/** The pixel format of a file. */
export function pixelFormat({ header, palette, transparency }: Chunks): PixelFormat {
  const { colour, depth, samples } = header;
  if (colour === COLOUR.palette) {
    const colours = paletteColours(palette!, transparency);
    return {
      channels: colours.channels,
      expand: (rows, width, height) => lookUp(unpack(rows, width, height, depth), colours),
    };
  }
  const keyed = transparency !== undefined && (colour === COLOUR.grey || colour === COLOUR.rgb);
  const key = keyed ? transparentColour(transparency, depth) : undefined;
  return {
    channels: (keyed ? samples + 1 : samples) as Raster["channels"],
    expand(rows, width, height) {
      if (depth < 8) {
        const values = unpack(rows, width, height, depth);
        const alpha = key && alphaOf(values, key);
        const scale = 255 / (2 ** depth - 1);
        for (let i = 0; i < values.length; i++) values[i] *= scale;
        return alpha ? withAlpha(values, samples, alpha) : values;
      }
      const alpha = key && alphaOf(rows, key);
      const values = depth === 16 ? highBytes(rows) : rows;
      return alpha ? withAlpha(values, samples, alpha) : values;
    },
  };
}

interface PaletteColours {
  channels: 3 | 4;
  /** `channels` bytes for each of 256 indices. */
  table: Uint8Array;
  count: number;
}

function paletteColours(palette: Uint8Array, alpha: Uint8Array | undefined): PaletteColours {
  const channels = alpha === undefined ? 3 : 4;
  const count = palette.length / 3;
  const table = new Uint8Array(256 * channels);
  for (let i = 0; i < count; i++) {
    table.set(palette.subarray(i * 3, i * 3 + 3), i * channels);
    if (alpha !== undefined) table[i * channels + 3] = alpha[i] ?? 255;
  }
  return { channels, table, count };
}

function lookUp(indices: Uint8Array, { channels, table, count }: PaletteColours): Uint8Array {
  const result = new Uint8Array(indices.length * channels);
  for (let pixel = 0, at = 0; pixel < indices.length; pixel++) {
    const index = indices[pixel];
    if (index >= count) throw new PngError(`the PNG uses colour ${index}, its palette has ${count}`);
    for (let channel = 0; channel < channels; channel++) result[at++] = table[index * channels + channel];
  }
  return result;
}

/** Unpacks one value of `depth` bits per pixel into a byte each; rows begin at whole bytes. */
function unpack(rows: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  if (depth === 8) return rows;
  const values = new Uint8Array(width * height);
  const rowBytes = Math.ceil(width * depth / 8);
  const mask = 2 ** depth - 1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      values[at++] = rows[y * rowBytes + (bit >> 3)] >> (8 - depth - (bit & 7)) & mask;
    }
  }
  return values;
}

/** The upper 8 bits of big-endian 16-bit values. */
function highBytes(rows: Uint8Array): Uint8Array {
  const values = new Uint8Array(rows.length / 2);
  for (let i = 0; i < values.length; i++) values[i] = rows[i * 2];
  return values;
}

/** The transparent colour as the bytes of a pixel; the chunk gives 16 bits per sample, whatever the depth. */
function transparentColour(chunk: Uint8Array, depth: number): Uint8Array {
  return depth === 16 ? chunk : chunk.filter((_, i) => i % 2 === 1);
}

/** 0 for each pixel that has the transparent colour `key`, 255 for all others. */
function alphaOf(pixels: Uint8Array, key: Uint8Array): Uint8Array {
  const alpha = new Uint8Array(pixels.length / key.length);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    let same = true;
    for (let i = 0; same && i < key.length; i++) same = pixels[pixel * key.length + i] === key[i];
    alpha[pixel] = same ? 0 : 255;
  }
  return alpha;
}

function withAlpha(values: Uint8Array, samples: number, alpha: Uint8Array): Uint8Array {
  const channels = samples + 1;
  const result = new Uint8Array(alpha.length * channels);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    for (let i = 0; i < samples; i++) result[pixel * channels + i] = values[pixel * samples + i];
    result[pixel * channels + samples] = alpha[pixel];
  }
  return result;
}
