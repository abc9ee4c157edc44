import { type DeviceName, findAdapter } from "../../../core/backends/open.ts";
import { prepareDrawing, type Raster } from "../../../core/mnist/drawing/drawing.ts";
import { openPredictor } from "../../../core/training/predictor.ts";
import { recordVersion } from "../../../protocol/mod.ts";
import { PAPER_SIDE } from "../../drawing/canvas/marks.ts";
import type { LabConnection } from "../wire/connection.ts";
import type { OpenModel, OpenModelOf } from "./engines.ts";
import { fetchWeights, StoredWeights } from "../wire/stored_models.ts";

/**
 * The devices to try in order. A GPU is worth its detour only when it is one: drivers that pretend to be a GPU are slower
 * than WASM. `wished` (`webgpu` or `wasm`) is obeyed; anything else counts as no wish.
 */
export async function chooseDevices(wished: string | null, find = findAdapter): Promise<DeviceName[]> {
  if (wished === "webgpu" || wished === "wasm") return [wished];
  const adapter = await find().catch(() => undefined);
  return adapter === undefined || adapter.isSoftware ? ["wasm"] : ["webgpu", "wasm"];
}

/** After this many runs a browser's optimising compiler has had its turn, so that the first drawing is not the slow one. */
const WARM_UP_RUNS = 20;

/**
 * Fetches stored models from the service and opens them in this page, on the first of `devices` that takes them; what was
 * fetched is shared by whoever shares `stored`.
 */
export function openStored(
  connection: Pick<LabConnection, "download">,
  devices: Promise<readonly DeviceName[]>,
  stored = new StoredWeights(connection),
): OpenModelOf {
  return async (record) => {
    const { spec, weights } = await stored.get(record.id, recordVersion(record));
    let reason: unknown;
    for (const device of await devices) {
      try {
        return await warmUp(await openPredictor(spec, weights, { device }));
      } catch (error) {
        reason = error;
      }
    }
    throw reason;
  };
}

/** Opens stored models for a question or two, without keeping what was fetched: on WASM, and not warmed up. */
export function openOnce(connection: Pick<LabConnection, "download">): OpenModelOf {
  return async (record) => {
    const { spec, weights } = await fetchWeights(connection, record.id);
    return await openPredictor(spec, weights);
  };
}

/** Takes a picture the whole way to its answer. */
async function warmUp(model: OpenModel): Promise<OpenModel> {
  const picture = sampleDrawing();
  for (let run = 0; run < WARM_UP_RUNS; run++) await model.predict(prepareDrawing(picture));
  return model;
}

/** A bar of ink on a page like the one that is drawn on. */
function sampleDrawing(): Raster {
  const data = new Uint8ClampedArray(PAPER_SIDE * PAPER_SIDE * 4).fill(255);
  for (let pixel = PAPER_SIDE * 100; pixel < PAPER_SIDE * 120; pixel++) data.fill(0, pixel * 4, pixel * 4 + 3);
  return { width: PAPER_SIDE, height: PAPER_SIDE, channels: 4, data };
}
