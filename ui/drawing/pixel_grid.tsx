/** Turns numbers into pixels, and shows them as small pictures. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { onColoursChange } from "../shared/theme/theme.ts";

/** Pixels of the canvas between two pictures. */
const GAP = 6;

interface PixelGridProps {
  /** Label for screen readers. */
  label: string;
  /** Size of one picture, in its own pixels. */
  width: number;
  height: number;
  count: number;
  /** Side of a picture's pixel on the canvas: a whole number, so that all pixels have the same size. */
  pixel: number;
  /** Pictures in a row. */
  columns: number;
  /** RGBA of picture `index`; called again when `source` or the page's colours change. */
  pixels(index: number): Uint8ClampedArray<ArrayBuffer>;
  /** The data that the pictures are made from. */
  source: unknown;
}

/** Small pictures side by side on one canvas. */
export function PixelGrid({ label, width, height, pixel, count, columns, pixels, source }: PixelGridProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeVersion();
  const rows = Math.ceil(count / columns), gap = count > 1 ? GAP : 0;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    context.imageSmoothingEnabled = false;
    const small = document.createElement("canvas");
    small.width = width;
    small.height = height;
    const smallContext = small.getContext("2d")!;
    for (let i = 0; i < count; i++) {
      smallContext.putImageData(new ImageData(pixels(i), width, height), 0, 0);
      const x = (i % columns) * (width * pixel + gap), y = Math.floor(i / columns) * (height * pixel + gap);
      context.drawImage(small, x, y, width * pixel, height * pixel);
    }
  }, [source, theme, width, height, pixel, count, columns]);
  return (
    <canvas
      ref={canvas}
      class="pixel-grid"
      role="img"
      aria-label={label}
      width={columns * width * pixel + (columns - 1) * gap}
      height={rows * height * pixel + (rows - 1) * gap}
    />
  );
}

/** A number that changes with the page's colours, for content that is painted rather than styled. */
function useThemeVersion(): number {
  const version = useSignal(0);
  useEffect(() => {
    const listening = new AbortController();
    onColoursChange(() => version.value++, listening.signal);
    return () => listening.abort();
  }, []);
  return version.value;
}

/** The current value of a theme colour, such as `--ink`. */
export function themeColour(name: string): Rgb {
  return parseHex(getComputedStyle(document.documentElement).getPropertyValue(name));
}

/** A colour; each channel 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** The colours of the largest possible value, of zero and of the smallest. */
export interface DivergingColours {
  positive: Rgb;
  zero: Rgb;
  negative: Rgb;
}

/** RGBA of `values`: between `zero` and the colour of their sign, relative to the largest magnitude. */
export function divergingPixels(values: ArrayLike<number>, colours: DivergingColours): Uint8ClampedArray<ArrayBuffer> {
  const scale = largest(values, Math.abs);
  return paint(values, (value) => {
    // The square root makes faint values visible, and most of them are faint.
    const share = scale === 0 ? 0 : Math.sqrt(Math.abs(value) / scale);
    return mix(colours.zero, value < 0 ? colours.negative : colours.positive, share);
  });
}

/** RGBA of values ≥ 0: between `zero` and `full`, which is the colour of `scale` (by default the largest value). */
export function rampPixels(
  values: ArrayLike<number>,
  zero: Rgb,
  full: Rgb,
  scale = largest(values, (value) => value),
): Uint8ClampedArray<ArrayBuffer> {
  return paint(values, (value) => mix(zero, full, scale > 0 ? Math.min(1, Math.max(0, value / scale)) : 0));
}

/** One channel `[height, width]` of `values` `[height, width, channels]`. */
export function channelOf(values: Float32Array, channels: number, channel: number): Float32Array {
  return Float32Array.from({ length: values.length / channels }, (_, pixel) => values[pixel * channels + channel]);
}

/** The largest of `of(value)`, at least 0. */
export function largest(values: ArrayLike<number>, of: (value: number) => number): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, of(values[i]));
  return most;
}

/** Parses a colour such as `#2550d8`. */
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
