/** Estimates how long a training run takes before it begins. */
import { countParameters, layersOf, type ModelSpec } from "../../core/models/spec.ts";
import { type DeviceChoice, type TrainConfig, ValidationError } from "../../protocol/mod.ts";
import { specOf } from "../models/mod.ts";

/** Fixed cost of a step, in seconds. */
const STEP_SECONDS = 50e-6;
/**
 * Floating-point operations per second on a slow machine: WASM on two cores of 2021 does 7.5e10
 * (`docs/performance.md`).
 */
const OPERATIONS_PER_SECOND: Readonly<Record<DeviceChoice, number>> = {
  auto: 1.5e10,
  wasm: 1.5e10,
  webgpu: 1.5e9,
  reference: 3e7,
};
/** Seconds in which an optimiser updates one parameter: it reads and writes some 28 bytes. */
const PARAMETER_SECONDS = 8e-9;
/** The gradients take about twice as many operations as the forward pass. */
const PASSES = 3;

/** Shorter training runs say more about their start than about their speed. */
const LEARN_FROM_SECONDS = 2;
const LEARN_FROM_RUNS = 5;
/**
 * Finished training runs may correct later estimates by at most these factors, so that a few unusual ones cannot open
 * or close the lab.
 */
const LEAST_FACTOR = 1 / 8, MOST_FACTOR = 4;

/** The batch size that is recommended instead of a smaller one. */
const USUAL_BATCH = 64;

/** Estimates times, and improves the estimates with finished training runs. */
export class RunTimes {
  readonly #defaultDevice: DeviceChoice;
  readonly #trainImages: number;
  /** By device and family: the actual time of the latest training runs divided by the estimate. */
  readonly #factors = new Map<string, number[]>();

  /** `device` is the device of training runs that do not name one. */
  constructor({ device, trainImages }: { device: DeviceChoice; trainImages: number }) {
    this.#defaultDevice = device;
    this.#trainImages = trainImages;
  }

  /** Steps of a whole training. */
  stepsOf({ batch_size, num_epochs }: Pick<TrainConfig, "batch_size" | "num_epochs">): number {
    return Math.ceil(this.#trainImages / batch_size) * num_epochs;
  }

  /** The seconds that `steps` steps are expected to take; by default, all of them. */
  secondsOf(config: TrainConfig, steps = this.stepsOf(config), device = this.#deviceOf(config)): number {
    return this.#unadjusted(config, steps, device) * this.#factorOf(config, device);
  }

  /** Learns from a training run that took `seconds` for `steps` steps. */
  learn(config: TrainConfig, steps: number, seconds: number, device = this.#deviceOf(config)): void {
    if (seconds < LEARN_FROM_SECONDS || steps <= 0) return;
    const factor = seconds / this.#unadjusted(config, steps, device);
    const key = keyOf(config, device);
    this.#factors.set(key, [...this.#factors.get(key) ?? [], factor].slice(-LEARN_FROM_RUNS));
  }

  /**
   * Refuses a training run that is expected to take more than `maxSeconds`.
   *
   * @param steps the remaining steps, for a resumed training
   * @throws {ValidationError} naming the field that would help, the estimate, and what fits
   */
  requireShort(config: TrainConfig, maxSeconds: number, steps?: number, device = this.#deviceOf(config)): void {
    const seconds = this.secondsOf(config, steps, device);
    if (seconds <= maxSeconds) return;
    const count = steps ?? this.stepsOf(config);
    const excess =
      `${count.toLocaleString("en")} steps would take about ${timeText(seconds)} here, and this lab takes on ` +
      `training runs of at most ${timeText(maxSeconds)} (MAX_RUN_MINUTES)`;
    if (steps !== undefined) throw new ValidationError(`resume: the remaining ${excess}`, "resume");
    throw new ValidationError(...this.#remedy(config, excess, maxSeconds, device));
  }

  #remedy(
    config: TrainConfig,
    excess: string,
    maxSeconds: number,
    device: DeviceChoice,
  ): [message: string, field: string] {
    const { batch_size, num_epochs } = config;
    const secondsWith = (change: Partial<TrainConfig>) => this.secondsOf({ ...config, ...change }, undefined, device);
    const larger = secondsWith({ batch_size: USUAL_BATCH });
    if (batch_size < USUAL_BATCH && larger <= maxSeconds) {
      return [
        `batch_size ${batch_size} is too small: ${excess}. A batch_size of ${USUAL_BATCH} would take about ${
          timeText(larger)
        }`,
        "batch_size",
      ];
    }
    const epochs = Math.floor(maxSeconds / secondsWith({ num_epochs: 1 }));
    if (epochs >= 1) {
      return [`num_epochs ${num_epochs} is too many: ${excess}. At most ${epochs} would fit`, "num_epochs"];
    }
    if (config.conv_channels != null) {
      return [`conv_channels makes too large a network: ${excess}. Fewer filters are faster`, "conv_channels"];
    }
    return [
      `hidden_layers_config makes too large a network: ${excess}. Fewer or narrower layers are faster`,
      "hidden_layers_config",
    ];
  }

  #deviceOf({ device }: TrainConfig): DeviceChoice {
    return device ?? this.#defaultDevice;
  }

  #unadjusted(config: TrainConfig, steps: number, device: DeviceChoice): number {
    const spec = specOf(config);
    const operations = PASSES * config.batch_size * operationsOf(spec);
    const update = countParameters(spec) * PARAMETER_SECONDS;
    return steps * (STEP_SECONDS + operations / OPERATIONS_PER_SECOND[device] + update);
  }

  #factorOf(config: TrainConfig, device: DeviceChoice): number {
    const factors = this.#factors.get(keyOf(config, device));
    if (factors === undefined) return 1;
    const median = factors.toSorted((a, b) => a - b)[factors.length >> 1];
    return Math.min(Math.max(median, LEAST_FACTOR), MOST_FACTOR);
  }
}

function keyOf({ model_type }: TrainConfig, device: DeviceChoice): string {
  return `${device} ${model_type}`;
}

/** Floating-point operations of the forward pass of one image. */
function operationsOf(spec: ModelSpec): number {
  return layersOf(spec).reduce((sum, layer) => {
    if (layer.kind === "linear") return sum + 2 * sizeOf(layer.input) * layer.units;
    if (layer.kind === "conv") return sum + 2 * sizeOf(layer.output) * layer.kernel ** 2 * layer.input[2];
    return sum;
  }, 0);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Such as `90 seconds`, `25 minutes`, `3.5 hours` or `7 days`. */
export function timeText(seconds: number): string {
  const [value, unit] = seconds < 120
    ? [seconds, "second"]
    : seconds < 120 * 60
    ? [seconds / 60, "minute"]
    : seconds < 48 * 3600
    ? [seconds / 3600, "hour"]
    : [seconds / 86_400, "day"];
  const rounded = value < 10 ? Math.round(10 * value) / 10 : Math.round(value);
  return `${rounded.toLocaleString("en")} ${unit}${rounded === 1 ? "" : "s"}`;
}
