import { useEffect, useRef } from "preact/hooks";
import { useThemeChanges } from "./theme_colours.ts";

/** Between two pictures, on the canvas. */
const GAP = 6;

interface Props {
  /** What a screen reader says. */
  label: string;
  /** Of one picture, in its pixels. */
  width: number;
  height: number;
  count: number;
  /** Side of a picture's pixel on the canvas: whole, so that all come out equal. */
  pixel: number;
  /** Pictures in a row. */
  columns: number;
  /** RGBA of picture `index`; called anew when `of` or the page's colours change. */
  pixels(index: number): Uint8ClampedArray<ArrayBuffer>;
  /** What the pictures are made of. */
  of: unknown;
}

/** Small pictures side by side, on one canvas. */
export function PixelGrid({ label, width, height, pixel, count, columns, pixels, of }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeChanges();
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
  }, [of, theme, width, height, pixel, count, columns]);
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
