/**
 * Distinguishes the strokes of a drawing from distant specks, such as dust or a stray tap, which would otherwise
 * determine the size and position of the digit. Connected components of the ink are kept or dropped as a whole.
 */
import type { Box } from "./raster.ts";

/** A connected component of the ink. */
interface Component extends Box {
  pixels: number;
}

/** With more runs than this, a picture is texture and not strokes. */
const MAX_RUNS = 50_000;
/** Each component is compared with each other one. */
const MAX_COMPONENTS = 1000;
/** Components with at least this share of the largest one's pixels are strokes, wherever they are. */
const STROKE = 0.5;
/**
 * A smaller component belongs to the strokes if its distance from them, in units of their longer side, is at most
 * `REACH` times the square root of its share of their pixels: a larger component may be farther away.
 */
const REACH = 0.8;

/**
 * The part of `box` around the strokes and anything near them.
 *
 * @param threshold ink from which on a pixel counts
 */
export function boxOfStrokes(plane: Uint8Array, stride: number, box: Box, threshold: number): Box {
  const components = findComponents(plane, stride, box, threshold);
  if (components === undefined || components.length > MAX_COMPONENTS) return box;
  const largest = Math.max(...components.map(({ pixels }) => pixels));
  const kept: Component[] = [];
  let left: Component[] = [];
  for (const component of components) (component.pixels >= STROKE * largest ? kept : left).push(component);
  const strokes = around(kept), pixels = kept.reduce((sum, component) => sum + component.pixels, 0);
  const side = Math.max(strokes.right - strokes.left, strokes.bottom - strokes.top);
  // A speck near a kept speck is kept, too, as in a dotted line.
  for (let near = [...kept]; near.length > 0 && left.length > 0;) {
    const found: Component[] = [], others: Component[] = [];
    for (const speck of left) {
      const reach = REACH * side * Math.sqrt(speck.pixels / pixels);
      (near.some((other) => distance(speck, other) <= reach) ? found : others).push(speck);
    }
    kept.push(...found);
    left = others;
    near = found;
  }
  return around(kept);
}

/** Number of empty pixels between two boxes, in the direction with more of them. */
function distance(a: Box, b: Box): number {
  return Math.max(0, a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
}

function around(boxes: readonly Box[]): Box {
  return {
    left: Math.min(...boxes.map(({ left }) => left)),
    top: Math.min(...boxes.map(({ top }) => top)),
    right: Math.max(...boxes.map(({ right }) => right)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
  };
}

/**
 * The components of pixels of at least `threshold`, with diagonal neighbours connected; undefined if there are too
 * many.
 */
function findComponents(plane: Uint8Array, stride: number, box: Box, threshold: number): Component[] | undefined {
  // Runs of a row are joined with those of the row above that they touch.
  const starts: number[] = [], ends: number[] = [], rows: number[] = [], parents: number[] = [];
  const rootOf = (run: number): number => {
    while (parents[run] !== run) run = parents[run] = parents[parents[run]];
    return run;
  };
  let above = 0;
  for (let y = box.top; y < box.bottom; y++) {
    const row = y * stride, end = starts.length;
    if (end > MAX_RUNS) return undefined;
    for (let x = box.left; x < box.right; x++) {
      if (plane[row + x] < threshold) continue;
      const start = x;
      while (x < box.right && plane[row + x] >= threshold) x++;
      const run = starts.length;
      starts.push(start);
      ends.push(x);
      rows.push(y);
      parents.push(run);
      while (above < end && ends[above] < start) above++;
      for (let other = above; other < end && starts[other] <= x; other++) parents[rootOf(other)] = rootOf(run);
    }
    above = end;
  }
  const components = new Map<number, Component>();
  for (let run = 0; run < starts.length; run++) {
    const root = rootOf(run), component = components.get(root);
    const pixels = ends[run] - starts[run];
    if (component === undefined) {
      components.set(root, { left: starts[run], right: ends[run], top: rows[run], bottom: rows[run] + 1, pixels });
    } else {
      component.left = Math.min(component.left, starts[run]);
      component.right = Math.max(component.right, ends[run]);
      component.bottom = rows[run] + 1;
      component.pixels += pixels;
    }
  }
  return [...components.values()];
}
