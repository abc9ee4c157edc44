/** What a user does and sees on the drawing page. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";

/** Side of the paper, in the units of `Stroke`. */
const PAPER_SIDE = 280;

/** Points of the pen, `[x, y]` from the left and top edges of the paper. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** Plainly written digits, each in one stroke. */
export const DIGITS = {
  "0": Array.from({ length: 25 }, (_, i) => {
    const angle = 2 * Math.PI * i / 24 - Math.PI / 2;
    return [140 + 55 * Math.cos(angle), 140 + 85 * Math.sin(angle)] as const;
  }),
  "1": [[140, 45], [140, 140], [140, 235]],
  // With points close to its corner, because the page rounds the line between points.
  "7": [[75, 65], [195, 65], [205, 65], [200, 75], [120, 235]],
} as const satisfies Record<string, Stroke>;

/** Where the page can predict: the labels of its radio buttons. */
export type Where = "In this browser" | "On the server";

/** Chooses where to predict. */
export function chooseWhere(page: Page, where: Where): Promise<void> {
  return page.getByRole("radio", { name: where, exact: true }).check();
}

/** The paper. */
export function drawingCanvas(page: Page): Locator {
  return page.getByLabel("Drawing canvas", { exact: true });
}

/** Draws a stroke with the mouse, on `canvas` if it is not the paper. */
export async function drawByMouse(page: Page, stroke: Stroke, canvas = drawingCanvas(page)): Promise<void> {
  const [first, ...others] = await onScreen(canvas, stroke);
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const point of others) await page.mouse.move(...point);
  await page.mouse.up();
}

/** Draws a stroke with one finger. Needs a visitor with `hasTouch`. */
export async function drawByTouch(page: Page, stroke: Stroke): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const [first, ...others] = (await onScreen(drawingCanvas(page), stroke)).map(([x, y]) => [{ x, y }]);
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: first });
  for (const touchPoints of others) await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await session.detach();
}

/**
 * Draws faster than the screen refreshes: all points arrive within a frame or two, so that the browser coalesces them.
 */
export async function drawInAFlash(page: Page, stroke: Stroke): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const [first, ...others] = await onScreen(drawingCanvas(page), stroke);
  await page.mouse.move(...first);
  await page.mouse.down();
  await Promise.all(
    others.map(([x, y]) =>
      session.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y, button: "left", buttons: 1 })
    ),
  );
  await page.mouse.up();
  await session.detach();
}

/** Draws a stroke with a pen that presses with `force`, from 0 to 1. */
export async function drawByPen(page: Page, stroke: Stroke, force: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const points = await onScreen(drawingCanvas(page), stroke);
  const send = (type: "mousePressed" | "mouseMoved" | "mouseReleased", [x, y]: [number, number], buttons: number) =>
    session.send("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons, force, pointerType: "pen" });
  await send("mousePressed", points[0], 1);
  for (const point of points.slice(1)) await send("mouseMoved", point, 1);
  await send("mouseReleased", points[points.length - 1], 0);
  await session.detach();
}

/** Draws a stroke with one finger while another rests at `rest`. Needs a visitor with `hasTouch`. */
export async function drawBesideAFinger(page: Page, stroke: Stroke, rest: Stroke[number]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const [resting, ...points] = (await onScreen(drawingCanvas(page), [rest, ...stroke])).map(([x, y]) => ({ x, y }));
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...at: { x: number; y: number; id: number }[]) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: at });
  const drawing = points.map((point) => ({ ...point, id: 1 }));
  const second = { ...resting, id: 2 };
  await touch("touchStart", drawing[0]);
  await touch("touchStart", drawing[0], second);
  for (const at of drawing.slice(1)) await touch("touchMove", at, { ...second, x: second.x + 3 });
  await touch("touchEnd");
  await session.detach();
}

/** Points of `canvas` in pixels of the window. */
async function onScreen(canvas: Locator, stroke: Stroke): Promise<[x: number, y: number][]> {
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  assert(box, "the canvas is not shown");
  return stroke.map(([x, y]) => [box.x + x / PAPER_SIDE * box.width, box.y + y / PAPER_SIDE * box.height]);
}

/** Presses Clear. */
export async function clear(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Clear", exact: true }).click();
}

/** Presses Predict. */
export async function predict(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Predict", exact: true }).click();
}

/** Share of the canvas that is inked, from 0 to 1. */
export async function inkShare(page: Page): Promise<number> {
  return await drawingCanvas(page).evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const { data } = (element as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    let inked = 0;
    for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] > 0) inked++;
    return inked / (width * height);
  });
}

/** Opacity of the ink at each of `points`, from 0 to 1. */
export async function inkAt(page: Page, points: Stroke): Promise<number[]> {
  return await drawingCanvas(page).evaluate((element, { points, side }) => {
    const canvas = element as HTMLCanvasElement;
    const context = canvas.getContext("2d")!;
    const scale = canvas.width / side;
    return points.map(([x, y]) =>
      context.getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data[3] / 255
    );
  }, { points, side: PAPER_SIDE });
}

/** The status region with the answer. */
export function prediction(page: Page): Locator {
  return page.getByRole("status", { name: "Prediction" });
}

/** Waits until the first line of the answer is `digit` alone. */
export async function digitBecomes(page: Page, digit: string): Promise<void> {
  await eventually(async () => assert.equal((await prediction(page).innerText()).split("\n")[0].trim(), digit));
}

/** The ten probabilities that the bars show, in digit order. */
export async function shownProbabilities(page: Page): Promise<number[]> {
  const bars = page.getByRole("list", { name: "How likely each digit is" }).locator("[style*=scaleX]");
  return await bars.evaluateAll((elements) =>
    elements.map((element) => Number(/scaleX\((.+)\)/.exec((element as HTMLElement).style.transform)?.[1]))
  );
}

/**
 * Waits for an answer by `device` (`server`, `wasm` or `webgpu`) and returns its time in ms, as the page measured it.
 */
export async function answered(page: Page, device: string): Promise<number> {
  return await eventually(async () => {
    const { by, milliseconds } = await prediction(page).evaluate((element) => ({
      by: element.getAttribute("data-device"),
      milliseconds: element.getAttribute("data-milliseconds"),
    }));
    assert.equal(by, device);
    return Number(milliseconds);
  });
}
