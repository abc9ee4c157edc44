/** The update rules of PyTorch 1.13's optimisers with their default hyper-parameters. */
import { constant, perStep, state, type Tensor } from "../graph.ts";
import { add, div, flushDenormals, mul, sqrt, sub } from "../ops/mod.ts";

/** A parameter in a training program, with the gradient of the loss with respect to it. */
export interface Parameter {
  name: string;
  value: Tensor;
  gradient: Tensor;
}

/** New values of a parameter and of its moments, by name of state. */
export type Updates = Record<string, Tensor>;

/** An update rule. Moments are state of their own, named after the parameter, and start at 0. */
type Rule = (parameter: Parameter, learningRate: number) => Updates;

const scaled = (x: Tensor, factor: number) => mul(x, constant(factor));

/** decay × average + (1 − decay) × x. */
function movingAverage(average: Tensor, x: Tensor, decay: number): Tensor {
  return flushDenormals(add(scaled(average, decay), scaled(x, 1 - decay)));
}

const BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

/** Kingma and Ba, «Adam: A Method for Stochastic Optimization», 2015, in the order of operations that PyTorch uses. */
function adam({ name, value, gradient }: Parameter, learningRate: number): Updates {
  const moment = (suffix: string) => state(`${name}.${suffix}`, value.shape);
  const mean = movingAverage(moment("mean"), gradient, BETA1);
  const square = movingAverage(moment("square"), mul(gradient, gradient), BETA2);
  // The paper counts steps from 1.
  const stepSize = perStep((step) => learningRate / (1 - BETA1 ** (step + 1)));
  const correction = perStep((step) => 1 / Math.sqrt(1 - BETA2 ** (step + 1)));
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
function adamW(parameter: Parameter, learningRate: number): Updates {
  return adam({ ...parameter, value: scaled(parameter.value, 1 - learningRate * ADAMW_DECAY) }, learningRate);
}

function sgd({ name, value, gradient }: Parameter, learningRate: number): Updates {
  return { [name]: sub(value, scaled(gradient, learningRate)) };
}

function rmsProp({ name, value, gradient }: Parameter, learningRate: number): Updates {
  const square = movingAverage(state(`${name}.square`, value.shape), mul(gradient, gradient), RMSPROP_ALPHA);
  const change = div(gradient, add(sqrt(square), constant(EPSILON)));
  return { [name]: sub(value, scaled(change, learningRate)), [`${name}.square`]: square };
}

const RULES = { Adam: adam, AdamW: adamW, SGD: sgd, RMSprop: rmsProp } satisfies Record<string, Rule>;

/** The optimisers, by PyTorch's names. */
export type OptimizerName = keyof typeof RULES;

/** One step of an optimiser: new values for all parameters and moments. */
export function updatesOf(optimizer: OptimizerName, parameters: readonly Parameter[], learningRate: number): Updates {
  return Object.assign({}, ...parameters.map((parameter) => RULES[optimizer](parameter, learningRate)));
}
