/** A drawing as data: a list of marks, each painted over the previous ones. */

/** Side of the paper in its own units; the picture that is classified has as many pixels. */
export const PAPER_SIDE = 280;
/** Cells along each side of the keyboard's grid: the pixels of an MNIST digit. */
export const GRID_SIDE = 28;
/** Side of a cell, in units of the paper. */
export const CELL_SIDE = PAPER_SIDE / GRID_SIDE;

/** How wide strokes are. */
export interface Brush {
  /** In units of the paper. */
  width: number;
  /** Side of the square that one press of space inks, in cells. */
  cells: number;
}

/** The brushes by name. Strokes of MNIST are about a tenth of the picture wide, so models know `Medium` best. */
export const BRUSHES = {
  Thin: { width: 14, cells: 1 },
  Medium: { width: 20, cells: 2 },
  Thick: { width: 28, cells: 3 },
} as const satisfies Record<string, Brush>;

/** A key of `BRUSHES`. */
export type BrushName = keyof typeof BRUSHES;

/** The names of the brushes, from thin to thick. */
export const BRUSH_NAMES = Object.keys(BRUSHES) as BrushName[];

/** A point on the paper, in its units from the left and from the top. */
export interface Point {
  x: number;
  y: number;
}

/** A point that the pen reported. */
export interface PenPoint extends Point {
  /** Factor of the brush's width: 1 for a mouse or a finger; for a pen about 1, depending on its pressure. */
  force: number;
}

/** A line of the pen. */
export interface Stroke {
  kind: "stroke";
  /** Width of the brush, in units of the paper. */
  width: number;
  points: PenPoint[];
}

/** Cells of the grid that were inked or erased. */
export interface Cells {
  kind: "cells";
  ink: boolean;
  /** Each `row · 28 + column`. */
  cells: Set<number>;
}

/** A digit of the test set. */
export interface TestDigit {
  kind: "test digit";
  /** Its index in the test set. */
  index: number;
  /** The digit that its writer meant. */
  label: number;
  /** 28 × 28 bytes, ink 255 on paper 0. */
  pixels: Uint8Array;
}

/** Anything that can be on the paper. */
export type Mark = Stroke | Cells | TestDigit;

/** The point of the paper nearest to `point`. */
export function clampToPaper({ x, y }: Point): Point {
  return { x: Math.min(PAPER_SIDE, Math.max(0, x)), y: Math.min(PAPER_SIDE, Math.max(0, y)) };
}
