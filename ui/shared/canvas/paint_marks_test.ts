import assert from "node:assert/strict";
import type { PenPoint } from "./marks.ts";
import { smoothCurve } from "./paint_marks.ts";

const RADIUS = 80;

/** `count` points along an arc, as far apart as those of a fast hand. */
function arc(count: number, degrees: number): PenPoint[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = degrees * i / (count - 1) * Math.PI / 180;
    return { x: 140 + RADIUS * Math.cos(angle), y: 140 + RADIUS * Math.sin(angle), force: 1 };
  });
}

const middle = (a: PenPoint, b: PenPoint) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, force: 1 });

Deno.test("eight points of a circle become a circle, to within a pixel of 280", () => {
  const points = arc(9, 360);
  const off = (point: PenPoint) => Math.abs(Math.hypot(point.x - 140, point.y - 140) - RADIUS);
  assert(Math.max(...smoothCurve(points).map(off)) < 1);
  // Straight lines between those points would be six pixels inside.
  assert(off(middle(points[0], points[1])) > 6);
});

Deno.test("the curve passes through every point of the pen", () => {
  const points = [[20, 20], [200, 30], [210, 40], [90, 250], [92, 251]].map(([x, y]) => ({ x, y, force: 1 }));
  const curve = smoothCurve(points);
  for (const { x, y } of points) {
    assert(curve.some((point) => Math.hypot(point.x - x, point.y - y) < 1e-9), `not through ${x}, ${y}`);
  }
});

Deno.test("straight lines stay straight, however uneven their points", () => {
  const curve = smoothCurve([10, 11, 90, 95, 200].map((x) => ({ x, y: 2 * x, force: 1 })));
  let before = -Infinity;
  for (const { x, y } of curve) {
    assert(Math.abs(y - 2 * x) < 1e-9);
    assert(x > before, "the line turned back");
    before = x;
  }
});

Deno.test("a resting pen, a dot and two points give no curve", () => {
  const dot = { x: 5, y: 5, force: 1 };
  assert.deepEqual(smoothCurve([dot, dot, dot]), [dot]);
  const end = { x: 50, y: 5, force: 1 };
  assert.deepEqual(smoothCurve([dot, end, end]), [dot, end]);
  for (const { x, y } of smoothCurve([dot, end, dot, end])) assert(Number.isFinite(x) && Number.isFinite(y));
});

Deno.test("pressure changes evenly between two points", () => {
  const curve = smoothCurve([0.8, 1, 1.2].map((force, i) => ({ x: 40 * i, y: 0, force })));
  curve.forEach(({ x, force }) => assert(Math.abs(force - (0.8 + x / 200)) < 0.02, `${force} at ${x}`));
});
