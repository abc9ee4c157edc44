/** What can be on the paper, as data: a drawing is a list of marks, each laid over those before it. */

/** Side of the drawing's own square, in units; the picture that is classified has this many pixels. */
export const PAPER_SIDE = 280;
/** Cells of the keyboard's grid along each side: the pixels of an MNIST digit. */
export const GRID_SIDE = 28;
/** Side of a cell, in units of the paper. */
export const CELL_SIDE = PAPER_SIDE / GRID_SIDE;

/** A digit's stroke is about a tenth of the page's side in MNIST, so `Medium` is what models know best. */
export const BRUSHES = {
  Thin: { width: 14, cells: 1 },
  Medium: { width: 20, cells: 2 },
  Thick: { width: 28, cells: 3 },
} as const satisfies Record<string, Brush>;

export interface Brush {
  /** In units of the paper. */
  width: number;
  /** Side of the square of cells that one press of space inks. */
  cells: number;
}

export type BrushName = keyof typeof BRUSHES;

export const BRUSH_NAMES = Object.keys(BRUSHES) as BrushName[];

export interface Point {
  /** From the left and from the top, in units of the paper. */
  x: number;
  y: number;
}

export interface PenPoint extends Point {
  /** Share of the brush's width here: 1 for a mouse or a finger, around 1 for a pen, by its pressure. */
  force: number;
}

export interface Stroke {
  kind: "stroke";
  width: number;
  points: PenPoint[];
}

/** Cells of the grid, inked or wiped clean. */
export interface Cells {
  kind: "cells";
  ink: boolean;
  /** Each `row · 28 + column`. */
  cells: Set<number>;
}

/** A digit of the test set. */
export interface Sample {
  kind: "sample";
  /** Its place in the test set. */
  index: number;
  /** The digit that its writer meant. */
  label: number;
  /** 28 × 28 bytes, ink 255 on paper 0. */
  pixels: Uint8Array;
}

export type Mark = Stroke | Cells | Sample;

export function clampToPaper({ x, y }: Point): Point {
  return { x: Math.min(PAPER_SIDE, Math.max(0, x)), y: Math.min(PAPER_SIDE, Math.max(0, y)) };
}
