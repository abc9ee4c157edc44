import { GRID_SIDE } from "../canvas/marks.ts";

/** Reads a grey PNG of 28 × 28 pixels, as bytes. */
export async function decodeSample(png: Uint8Array): Promise<Uint8Array> {
  const picture = await createImageBitmap(new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" }));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = GRID_SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  picture.close();
  const { data } = context.getImageData(0, 0, GRID_SIDE, GRID_SIDE);
  return Uint8Array.from({ length: GRID_SIDE * GRID_SIDE }, (_, pixel) => data[4 * pixel]);
}
