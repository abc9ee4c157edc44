/** Numbers as pixels, without a DOM. */

export type Rgb = readonly [red: number, green: number, blue: number];

export interface Diverging {
  /** For the largest value, for nothing, and for the smallest. */
  speaksFor: Rgb;
  nothing: Rgb;
  speaksAgainst: Rgb;
}

/** RGBA of `values`: from `nothing` towards one of the two colours, as strong as the value is beside the largest of all. */
export function divergingPixels(values: ArrayLike<number>, colours: Diverging): Uint8ClampedArray<ArrayBuffer> {
  const scale = largest(values, Math.abs);
  return paint(values, (value) => {
    // The root lifts what is faint, which is most of the picture.
    const share = scale === 0 ? 0 : Math.sqrt(Math.abs(value) / scale);
    return mix(colours.nothing, value < 0 ? colours.speaksAgainst : colours.speaksFor, share);
  });
}

/** RGBA of values from 0 up: from `nothing` to `most`, which stands for `scale`, or for the largest of them. */
export function rampPixels(
  values: ArrayLike<number>,
  nothing: Rgb,
  most: Rgb,
  scale = largest(values, (value) => value),
): Uint8ClampedArray<ArrayBuffer> {
  return paint(values, (value) => mix(nothing, most, scale > 0 ? Math.min(1, Math.max(0, value / scale)) : 0));
}

/** `values` `[height, width, channels]` → channel `channel` `[height, width]`. */
export function channelOf(values: Float32Array, channels: number, channel: number): Float32Array {
  return Float32Array.from({ length: values.length / channels }, (_, pixel) => values[pixel * channels + channel]);
}

export function largest(values: ArrayLike<number>, of: (value: number) => number): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, of(values[i]));
  return most;
}

/** `#2550d8` → its three channels. */
export function parseHex(colour: string): Rgb {
  const number = Number.parseInt(colour.trim().slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const channel = (i: 0 | 1 | 2) => from[i] + (to[i] - from[i]) * share;
  return [channel(0), channel(1), channel(2)];
}

function paint(values: ArrayLike<number>, colourOf: (value: number) => Rgb): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4);
  for (let i = 0; i < values.length; i++) pixels.set([...colourOf(values[i]), 255], i * 4);
  return pixels;
}
