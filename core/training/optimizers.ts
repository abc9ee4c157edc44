/** The update rules of PyTorch's optimisers, with PyTorch's default hyper-parameters. */
import { constant, perStep, state, type Tensor } from "../graph.ts";
import { add, div, flushDenormals, mul, sqrt, sub } from "../ops/mod.ts";
import { scheduleFactor, type ScheduleName } from "./learning_rate_schedules.ts";

/** A parameter in a training program, with the gradient of the loss with respect to it. */
export interface Parameter {
  name: string;
  value: Tensor;
  gradient: Tensor;
}

/** New values of a parameter and of its moments, by name of state. */
export type Updates = Record<string, Tensor>;

/** How the weights follow their gradients. */
export interface UpdateOptions {
  optimizer: OptimizerName;
  learningRate: number;
  /** @default "constant" */
  schedule?: ScheduleName;
  /** Of SGD and RMSprop, in [0, 1). @default 0 */
  momentum?: number;
  /** Decay of Adam's and AdamW's two averages, both in [0, 1). @default [0.9, 0.999] */
  betas?: readonly [number, number];
  /** AdamW shrinks the weights by it; for the others it is a gradient. @default 0.01 for AdamW, 0 for the others */
  weightDecay?: number;
}

/** What a rule works with: options without gaps, and the learning rate of a step. */
interface Settings {
  rateAt(step: number): number;
  /** What `of` makes of the learning rate, by default the rate itself, as a scalar that is constant where it can be. */
  rate(of?: (rate: number) => number): Tensor;
  momentum: number;
  betas: readonly [number, number];
  weightDecay: number;
}

/** An update rule. Moments are state of their own, named after the parameter, and start at 0. */
type Rule = (parameter: Parameter, settings: Settings) => Updates;

const scaled = (x: Tensor, factor: number) => mul(x, constant(factor));

/** decay × average + (1 − decay) × x. */
function movingAverage(average: Tensor, x: Tensor, decay: number): Tensor {
  return flushDenormals(add(scaled(average, decay), scaled(x, 1 - decay)));
}

/** The gradient with that of a penalty of half the squared weights. */
function withDecay({ value, gradient }: Parameter, decay: number): Tensor {
  return decay === 0 ? gradient : add(gradient, scaled(value, decay));
}

const EPSILON = 1e-8;

/** Kingma and Ba, «Adam: A Method for Stochastic Optimization», 2015, in the order of operations that PyTorch uses. */
function adam(parameter: Parameter, { rateAt, betas: [beta1, beta2], weightDecay }: Settings): Updates {
  const { name, value } = parameter, gradient = withDecay(parameter, weightDecay);
  const moment = (suffix: string) => state(`${name}.${suffix}`, value.shape);
  const mean = movingAverage(moment("mean"), gradient, beta1);
  const square = movingAverage(moment("square"), mul(gradient, gradient), beta2);
  // The paper counts steps from 1.
  const stepSize = perStep((step) => rateAt(step) / (1 - beta1 ** (step + 1)));
  const correction = perStep((step) => 1 / Math.sqrt(1 - beta2 ** (step + 1)));
  const spread = add(mul(sqrt(square), correction), constant(EPSILON));
  return {
    [name]: sub(value, mul(stepSize, div(mean, spread))),
    [`${name}.mean`]: mean,
    [`${name}.square`]: square,
  };
}

const ADAMW_DECAY = 0.01;
const RMSPROP_ALPHA = 0.99;

/** Loshchilov and Hutter, «Decoupled Weight Decay Regularization», 2019. */
function adamW(parameter: Parameter, settings: Settings): Updates {
  const { weightDecay } = settings;
  const value = weightDecay === 0
    ? parameter.value
    : mul(parameter.value, settings.rate((rate) => 1 - rate * weightDecay));
  return adam({ ...parameter, value }, { ...settings, weightDecay: 0 });
}

/** Moves `value` against `change`, or with a momentum against the velocity that has built up. */
function descend({ name, value }: Parameter, change: Tensor, { rate, momentum }: Settings): Updates {
  if (momentum === 0) return { [name]: sub(value, mul(change, rate())) };
  const velocity = flushDenormals(add(scaled(state(`${name}.velocity`, value.shape), momentum), change));
  return { [name]: sub(value, mul(velocity, rate())), [`${name}.velocity`]: velocity };
}

function sgd(parameter: Parameter, settings: Settings): Updates {
  return descend(parameter, withDecay(parameter, settings.weightDecay), settings);
}

function rmsProp(parameter: Parameter, settings: Settings): Updates {
  const { name, value } = parameter, gradient = withDecay(parameter, settings.weightDecay);
  const square = movingAverage(state(`${name}.square`, value.shape), mul(gradient, gradient), RMSPROP_ALPHA);
  const change = div(gradient, add(sqrt(square), constant(EPSILON)));
  return { ...descend(parameter, change, settings), [`${name}.square`]: square };
}

const RULES = { Adam: adam, AdamW: adamW, SGD: sgd, RMSprop: rmsProp } satisfies Record<string, Rule>;

/** The optimisers, by PyTorch's names. */
export type OptimizerName = keyof typeof RULES;

/** One step of an optimiser in a training run of `totalSteps` steps: new values for all parameters and moments. */
export function updatesOf(parameters: readonly Parameter[], options: UpdateOptions, totalSteps: number): Updates {
  const { optimizer, learningRate, schedule = "constant", momentum = 0, betas = [0.9, 0.999] } = options;
  const { weightDecay = optimizer === "AdamW" ? ADAMW_DECAY : 0 } = options;
  const rateAt = (step: number) => learningRate * scheduleFactor(schedule, step, totalSteps);
  const rate: Settings["rate"] = (factor = (rate) => rate) =>
    schedule === "constant" ? constant(factor(learningRate)) : perStep((step) => factor(rateAt(step)));
  const settings = { rateAt, rate, momentum, betas, weightDecay };
  return Object.assign({}, ...parameters.map((parameter) => RULES[optimizer](parameter, settings)));
}
