import type { PenPoint } from "./marks.ts";

/** Points closer together than this, in units of the paper, count as one, because a hand's tremor has no direction. */
const NEAREST = 0.75;
/** Longest straight segment of a curve, in units of the paper: too short to be visible. */
const SEGMENT = 2.5;

/**
 * A smooth curve through all of `points`, as short straight segments: a centripetal Catmull-Rom spline. It rounds the
 * gaps that a fast hand leaves and makes no loops at sharp corners (Yuksel, Schaefer and Keyser, "On the
 * Parameterization of Catmull-Rom Curves").
 */
export function smoothCurve(points: readonly PenPoint[]): PenPoint[] {
  const knots = apart(points);
  if (knots.length < 3) return knots;
  const curve = [knots[0]];
  for (let i = 0; i < knots.length - 1; i++) {
    const from = knots[i];
    const to = knots[i + 1];
    bend(
      curve,
      knots[i - 1] ?? mirror(knots[i + 2], from, to),
      from,
      to,
      knots[i + 2] ?? mirror(knots[i - 1], from, to),
    );
  }
  return curve;
}

/** Adds the part from `b` to `c` of a curve that comes from `a` and continues to `d`. */
function bend(curve: PenPoint[], a: PenPoint, b: PenPoint, c: PenPoint, d: PenPoint): void {
  const length = distance(b, c);
  const ab = Math.sqrt(distance(a, b));
  const bc = Math.sqrt(length);
  const cd = Math.sqrt(distance(c, d));
  const segments = Math.ceil(length / SEGMENT);
  // Slopes of the spline at b and c, for the parameter that runs from 0 at b to 1 at c.
  const slopes = (axis: "x" | "y") => [
    c[axis] - b[axis] + bc * ((b[axis] - a[axis]) / ab - (c[axis] - a[axis]) / (ab + bc)),
    c[axis] - b[axis] + bc * ((d[axis] - c[axis]) / cd - (d[axis] - b[axis]) / (bc + cd)),
  ];
  const [leaveX, reachX] = slopes("x");
  const [leaveY, reachY] = slopes("y");
  for (let segment = 1; segment <= segments; segment++) {
    const t = segment / segments;
    curve.push({
      x: hermite(t, b.x, leaveX, c.x, reachX),
      y: hermite(t, b.y, leaveY, c.y, reachY),
      force: b.force + t * (c.force - b.force),
    });
  }
}

/** Cubic Hermite interpolation between two values with the slopes `leave` and `reach`. */
function hermite(t: number, from: number, leave: number, to: number, reach: number): number {
  const square = t * t;
  const cube = square * t;
  return (2 * cube - 3 * square + 1) * from + (cube - 2 * square + t) * leave + (3 * square - 2 * cube) * to +
    (cube - square) * reach;
}

/** Leaves out points too close to the previous one, but keeps the last, where the pen is. */
function apart(points: readonly PenPoint[]): PenPoint[] {
  const kept: PenPoint[] = [];
  points.forEach((point, i) => {
    const before = kept.at(-1);
    if (before === undefined || distance(before, point) >= NEAREST) kept.push(point);
    else if (i === points.length - 1 && kept.length > 1) kept[kept.length - 1] = point;
  });
  return kept;
}

/**
 * Mirrors `point` at the perpendicular bisector of `from` and `to`, so that a curve keeps bending in the same way at
 * its end.
 */
function mirror(point: PenPoint, from: PenPoint, to: PenPoint): PenPoint {
  const way = { x: to.x - from.x, y: to.y - from.y };
  const along = (2 * point.x - from.x - to.x) * way.x + (2 * point.y - from.y - to.y) * way.y;
  const share = along / (way.x * way.x + way.y * way.y);
  return { x: point.x - share * way.x, y: point.y - share * way.y, force: point.force };
}

function distance(a: PenPoint, b: PenPoint): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
