import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { onColoursChange } from "../../shared/theme/theme.ts";
import { parseHex, type Rgb } from "./heat_map.ts";

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
