/** Chooses the device for a training run if the user does not. */
import { type AdapterInfo, type DeviceName, findAdapter } from "../backends/open.ts";
import { openTrainer, type Trainer, type TrainerOptions } from "./trainer.ts";

/** A device by name, or `auto` for the fastest. */
export type DeviceChoice = DeviceName | "auto";

/** A trainer on the chosen device. */
export interface ChosenTrainer {
  readonly trainer: Trainer;
  /** Why this device was chosen, for the log. */
  readonly reason: string;
}

/** The measurements that the choice depends on; tests replace them. */
export interface ChoiceProbes {
  findAdapter(): Promise<AdapterInfo | undefined>;
  /** Training steps per second. */
  measure(options: TrainerOptions): Promise<number>;
}

const WARM_UP_STEPS = 10, TIMED_STEPS = 30;

async function measure(options: TrainerOptions): Promise<number> {
  const trainer = await openTrainer(options);
  try {
    await trainer.run(WARM_UP_STEPS);
    const start = performance.now();
    const steps = (await trainer.run(TIMED_STEPS)).length;
    return (1000 * steps) / (performance.now() - start);
  } finally {
    trainer.close();
  }
}

/**
 * Opens a trainer on `choice`. `auto` times this model on both and takes WebGPU if a hardware GPU is faster than WASM.
 * A software adapter is used only if `webgpu` is requested by name.
 *
 * @throws {Error} when a device requested by name is missing or fails
 */
export async function openTrainerOn(
  choice: DeviceChoice,
  options: Omit<TrainerOptions, "device">,
  probes: ChoiceProbes = { findAdapter, measure },
): Promise<ChosenTrainer> {
  const [device, reason] = choice === "auto" ? await choose(options, probes) : [choice, "as asked"] as const;
  return { trainer: await openTrainer({ ...options, device }), reason };
}

async function choose(
  options: Omit<TrainerOptions, "device">,
  probes: ChoiceProbes,
): Promise<readonly [DeviceName, string]> {
  const adapter = await probes.findAdapter();
  if (adapter === undefined || adapter.isSoftware) return ["wasm", "there is no hardware GPU"];
  const wasm = await probes.measure({ ...options, device: "wasm" });
  try {
    const webgpu = await probes.measure({ ...options, device: "webgpu" });
    const figures = `${webgpu.toFixed(0)} steps/s on ${adapter.description}, ${wasm.toFixed(0)} on WASM`;
    return [webgpu > wasm ? "webgpu" : "wasm", figures];
  } catch (error) {
    return ["wasm", `the GPU cannot run this model: ${error instanceof Error ? error.message : error}`];
  }
}
