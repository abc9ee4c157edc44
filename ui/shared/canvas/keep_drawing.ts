import { effect } from "@preact/signals";
import { tabPreferences } from "../wire/preferences.ts";
import type { Mark } from "./marks.ts";
import type { Sketch } from "./sketch.ts";

/**
 * Restores the drawing that this tab has remembered under `name`, and remembers each further step, so that the drawing
 * survives a reload and a visit to another page. Returns a function that stops this.
 */
export function keepDrawing(sketch: Sketch, name: string): () => void {
  const kept = readMarks(tabPreferences.get(name));
  if (sketch.blank.peek() && kept.length > 0) sketch.put(kept);
  return effect(() => {
    void sketch.steps.value;
    tabPreferences.set(name, writeMarks(sketch.marks.peek()));
  });
}

/** Marks as text: sets and bytes become lists. */
export function writeMarks(marks: readonly Mark[]): string {
  return JSON.stringify(
    marks,
    (_, value) => value instanceof Set || value instanceof Uint8Array ? [...value] : value,
  );
}

/** The marks that `text` represents; empty if it is not a drawing. */
export function readMarks(text: string | null): Mark[] {
  try {
    return JSON.parse(text ?? "[]", revive);
  } catch {
    return [];
  }
}

function revive(key: string, value: Iterable<number>): unknown {
  return key === "cells" ? new Set(value) : key === "pixels" ? Uint8Array.from(value) : value;
}
