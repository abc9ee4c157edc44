import type { PenPoint } from "./marks.ts";

/** Points closer together than this, in units of the paper, are one: a hand's tremor has no direction. */
const NEAREST = 0.75;
/** Longest straight piece of a curve, in units: too short for an eye to see. */
const PIECE = 2.5;

/**
 * A smooth curve through all of `points`, as many short straight pieces: a centripetal Catmull-Rom spline, which bends
 * between points that lie far apart, as a fast hand leaves them, and makes no loops at sharp corners (Yuksel, Schaefer,
 * Keyser: On the Parameterization of Catmull-Rom Curves).
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

/** Adds the piece from `b` to `c`, where the curve comes from `a` and goes on to `d`. */
function bend(curve: PenPoint[], a: PenPoint, b: PenPoint, c: PenPoint, d: PenPoint): void {
  const length = distance(b, c);
  const ab = Math.sqrt(distance(a, b));
  const bc = Math.sqrt(length);
  const cd = Math.sqrt(distance(c, d));
  const pieces = Math.ceil(length / PIECE);
  // Slopes of the spline at b and c over the way from b to c.
  const slopes = (axis: "x" | "y") => [
    c[axis] - b[axis] + bc * ((b[axis] - a[axis]) / ab - (c[axis] - a[axis]) / (ab + bc)),
    c[axis] - b[axis] + bc * ((d[axis] - c[axis]) / cd - (d[axis] - b[axis]) / (bc + cd)),
  ];
  const [leaveX, reachX] = slopes("x");
  const [leaveY, reachY] = slopes("y");
  for (let piece = 1; piece <= pieces; piece++) {
    const t = piece / pieces;
    curve.push({
      x: hermite(t, b.x, leaveX, c.x, reachX),
      y: hermite(t, b.y, leaveY, c.y, reachY),
      force: b.force + t * (c.force - b.force),
    });
  }
}

function hermite(t: number, from: number, leave: number, to: number, reach: number): number {
  const square = t * t;
  const cube = square * t;
  return (2 * cube - 3 * square + 1) * from + (cube - 2 * square + t) * leave + (3 * square - 2 * cube) * to +
    (cube - square) * reach;
}

/** Without points that repeat the one before; the last one stays, for there the pen is. */
function apart(points: readonly PenPoint[]): PenPoint[] {
  const kept: PenPoint[] = [];
  points.forEach((point, i) => {
    const before = kept.at(-1);
    if (before === undefined || distance(before, point) >= NEAREST) kept.push(point);
    else if (i === points.length - 1 && kept.length > 1) kept[kept.length - 1] = point;
  });
  return kept;
}

/** `point` on the other side of the middle between `from` and `to`: a curve goes on at its end as it came. */
function mirror(point: PenPoint, from: PenPoint, to: PenPoint): PenPoint {
  const way = { x: to.x - from.x, y: to.y - from.y };
  const along = (2 * point.x - from.x - to.x) * way.x + (2 * point.y - from.y - to.y) * way.y;
  const share = along / (way.x * way.x + way.y * way.y);
  return { x: point.x - share * way.x, y: point.y - share * way.y, force: point.force };
}

function distance(a: PenPoint, b: PenPoint): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
