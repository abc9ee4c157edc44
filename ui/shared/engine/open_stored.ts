import { type DeviceName, findAdapter } from "../../../core/backends/open.ts";
import { prepareDrawing, type Raster } from "../../../core/mnist/drawing/prepare_drawing.ts";
import { openPredictor } from "../../../core/training/predictor.ts";
import { recordVersion } from "../../../protocol/mod.ts";
import { PAPER_SIDE } from "../canvas/marks.ts";
import type { LabRequests } from "../wire/connection.ts";
import type { OpenModel, OpenModelOf } from "./engines.ts";
import { fetchWeights, type StoredWeights } from "../wire/stored_models.ts";

/**
 * The devices on which to open models, in the order in which to try them. If `wished` is `webgpu` or `wasm`, it is the
 * choice. Otherwise WebGPU comes first if there is a hardware GPU; software adapters are slower than WASM.
 */
export async function chooseDevices(wished: string | null, find = findAdapter): Promise<DeviceName[]> {
  if (wished === "webgpu" || wished === "wasm") return [wished];
  const adapter = await find().catch(() => undefined);
  return adapter === undefined || adapter.isSoftware ? ["wasm"] : ["webgpu", "wasm"];
}

/**
 * Number of predictions after which the browser has optimised the code, so that the user's first drawing is not slow.
 */
const WARM_UP_RUNS = 20;

/** Opens stored models in this page, on the first of `devices` that works. Weights are downloaded through `stored`. */
export function openStored(stored: StoredWeights, devices: Promise<readonly DeviceName[]>): OpenModelOf {
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

/** Opens stored models for a drawing or two: on WASM, without warming up and without keeping their weights. */
export function openOnce(connection: Pick<LabRequests, "download">): OpenModelOf {
  return async (record) => {
    const { spec, weights } = await fetchWeights(connection, record.id);
    return await openPredictor(spec, weights);
  };
}

/** Runs `model` on a picture, from raster to answer, until the code is optimised. */
async function warmUp(model: OpenModel): Promise<OpenModel> {
  const picture = sampleDrawing();
  for (let run = 0; run < WARM_UP_RUNS; run++) await model.predict(prepareDrawing(picture));
  return model;
}

/** A bar of ink on paper of the usual size. */
function sampleDrawing(): Raster {
  const data = new Uint8ClampedArray(PAPER_SIDE * PAPER_SIDE * 4).fill(255);
  for (let pixel = PAPER_SIDE * 100; pixel < PAPER_SIDE * 120; pixel++) data.fill(0, pixel * 4, pixel * 4 + 3);
  return { width: PAPER_SIDE, height: PAPER_SIDE, channels: 4, data };
}
