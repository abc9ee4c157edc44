/** Words the messages of a run about its training. */
import { type LossMessage, type TrainConfig, valueOf } from "../../protocol/mod.ts";
import type { Divergence, EpochEnd, LossBatch, TrainingStart } from "../training/training_job.ts";

const DEVICE_NAMES: Readonly<Record<string, string>> = { wasm: "WASM", webgpu: "WebGPU", reference: "plain loops" };

/** Names the network of a training run, such as `SimpleNN [128]`. */
export function networkOf({ model_type, hidden_layers_config }: TrainConfig): string {
  return `${model_type} [${hidden_layers_config.join(", ")}]`;
}

/** Announces the training. @param pastStep the last step of the run that this one resumes */
export function beginning(config: TrainConfig, pastStep?: number): string {
  const what = `${networkOf(config)} with ${config.optimizer}`;
  if (pastStep === undefined) return `Starting ${what}.`;
  return `Going on with ${what} after step ${pastStep.toLocaleString("en")}.`;
}

/** Says on which device a run trains, and for how long. */
export function deviceLine({ device, reason, totalSteps }: TrainingStart, epochs: number): string {
  const steps = `${totalSteps.toLocaleString("en")} steps in ${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
  return `Training on ${DEVICE_NAMES[device] ?? device} (${reason}): ${steps}.`;
}

/** Facts about a run that is ahead of another one in the queue. */
interface RunAhead {
  readonly client: string;
  readonly config: TrainConfig;
}

/**
 * Says what a run of `client` is waiting for: whose training is in progress, and how many wait before it. It does not
 * reveal any address.
 */
export function aheadLine(client: string, training: RunAhead | undefined, waiting: readonly RunAhead[]): string {
  const fromWhere = (other: RunAhead) => other.client === client ? "the same address" : "another address";
  const others = waiting.filter((run) => run.client !== client).length, own = waiting.length - others;
  const counts = [[others, "another address"], [own, "the same address"]] as const;
  return [
    ...(training === undefined ? [] : [`${networkOf(training.config)} from ${fromWhere(training)}`]),
    ...counts.filter(([count]) => count > 0).map(([count, where]) => `${count} waiting from ${where}`),
  ].join(", ");
}

/** Describes the result of an epoch. */
export function epochLine({ epoch, meanLoss, accuracy }: EpochEnd, epochs: number): string {
  return `Epoch ${epoch} of ${epochs}: mean loss ${meanLoss.toFixed(4)}, test accuracy ${accuracy.toFixed(2)} %.`;
}

/** The loss of the step at `index` of a batch. */
export function lossMessage(batch: LossBatch, index: number, totalSteps: number): LossMessage {
  const { firstStep, losses, epoch, imagesPerSecond, meanImagesPerSecond, secondsLeft, threads } = batch;
  return {
    type: "loss",
    step: firstStep + index,
    loss: readable(losses[index]),
    epoch,
    total_steps: totalSteps,
    images_per_second: Math.round(imagesPerSecond),
    mean_images_per_second: Math.round(meanImagesPerSecond),
    seconds_left: secondsLeft === undefined ? undefined : Math.round(secondsLeft * 10) / 10,
    threads,
  };
}

/** Whether a step is reported to clients: the first, every tenth and the last. */
export function isReported(step: number, totalSteps: number): boolean {
  return step === 1 || step % 10 === 0 || step === totalSteps;
}

/** A float32 without the digits that widening to float64 adds; null for NaN and infinities, which JSON lacks. */
export function readable(loss: number): number | null {
  return Number.isFinite(loss) ? Number(loss.toPrecision(7)) : null;
}

/** More momentum than this multiplies steps by more than two. */
const MUCH_MOMENTUM = 0.5;

/** What may keep a training run from diverging, most promising first. */
function remedies(config: TrainConfig): string {
  const { learning_rate, optimizer } = config;
  const all = [
    `a smaller learning rate (such as ${Number((learning_rate / 10).toPrecision(3))})`,
    ...(valueOf(config, "momentum") > MUCH_MOMENTUM ? [`less momentum (such as ${MUCH_MOMENTUM})`] : []),
    ...(valueOf(config, "lr_schedule") === "one_cycle" ? [] : ["the schedule one_cycle (it begins with small steps)"]),
    ...(optimizer === "Adam" || optimizer === "AdamW" ? [] : ["the optimizer Adam with 0.001"]),
  ];
  return new Intl.ListFormat("en", { type: "disjunction" }).format(all);
}

/** Says that a training run diverged, at which step, and what to try. */
export function divergenceLine(
  { step, found, lossBefore }: Divergence,
  totalSteps: number,
  config: TrainConfig,
): string {
  const at = `step ${step.toLocaleString("en")} of ${totalSteps.toLocaleString("en")}`;
  const was = lossBefore === undefined ? "" : ` (${readable(lossBefore)} before)`;
  const what = {
    loss: `the loss is no longer a finite number${was}`,
    weights: "a weight is no longer a finite number",
    answers: "the weights are so large that answers to test digits are no longer finite numbers",
  }[found];
  return `The training diverged at ${at}: ${what}. Nothing is stored. Try ${remedies(config)}.`;
}
