import { damaged } from "../testing/damage.ts";
import { fuzz } from "../testing/fuzz.ts";
import { IdxError, parseImages, parseLabels } from "./idx.ts";

const images = new Uint8Array(16 + 2 * 784), labels = new Uint8Array(8 + 2);
images.set([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]);
labels.set([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]);

Deno.test("a damaged IDX file is read or refused with the place of the fault", async () => {
  await fuzz(damaged([images]), (bytes) => parseImages(bytes, "images"), IdxError);
  await fuzz(damaged([labels]), (bytes) => parseLabels(bytes, "labels"), IdxError);
});
