/** The update rules of PyTorch 1.13's optimisers with their default hyper-parameters. */
import { constant, perStep, state, type Tensor } from "../graph.ts";
import { add, div, flushDenormals, mul, sqrt, sub } from "../ops/mod.ts";
import type { Shape } from "../shape.ts";

export type OptimizerName = "Adam" | "SGD" | "RMSprop" | "AdamW";

export interface Parameter {
  name: string;
  value: Tensor;
  gradient: Tensor;
}

/** New values by name of state, for the parameter itself and for what the rule remembers of it. */
export type Updates = Record<string, Tensor>;

interface Optimizer {
  /** What the rule remembers of each parameter, beside its value; all start at 0. */
  readonly memory: readonly string[];
  update(parameter: Parameter, learningRate: number): Updates;
}

const scaled = (x: Tensor, factor: number) => mul(x, constant(factor));

/** decay × average + (1 − decay) × x. */
function movingAverage(average: Tensor, x: Tensor, decay: number): Tensor {
  return flushDenormals(add(scaled(average, decay), scaled(x, 1 - decay)));
}

const BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

/** Kingma and Ba, «Adam: A Method for Stochastic Optimization», 2015, in the order of operations that PyTorch uses. */
function adam({ name, value, gradient }: Parameter, learningRate: number): Updates {
  const remembered = (what: string) => state(`${name}.${what}`, value.shape);
  const mean = movingAverage(remembered("mean"), gradient, BETA1);
  const square = movingAverage(remembered("square"), mul(gradient, gradient), BETA2);
  // Steps count from 0 here and from 1 in the rule.
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

const OPTIMIZERS: Readonly<Record<OptimizerName, Optimizer>> = {
  Adam: { memory: ["mean", "square"], update: adam },
  /** Loshchilov and Hutter, «Decoupled Weight Decay Regularization», 2019. */
  AdamW: {
    memory: ["mean", "square"],
    update: (parameter, learningRate) =>
      adam({ ...parameter, value: scaled(parameter.value, 1 - learningRate * ADAMW_DECAY) }, learningRate),
  },
  SGD: {
    memory: [],
    update: ({ name, value, gradient }, learningRate) => ({ [name]: sub(value, scaled(gradient, learningRate)) }),
  },
  RMSprop: {
    memory: ["square"],
    update({ name, value, gradient }, learningRate) {
      const square = movingAverage(state(`${name}.square`, value.shape), mul(gradient, gradient), RMSPROP_ALPHA);
      const change = div(gradient, add(sqrt(square), constant(EPSILON)));
      return { [name]: sub(value, scaled(change, learningRate)), [`${name}.square`]: square };
    },
  },
};

export function updatesOf(optimizer: OptimizerName, parameters: readonly Parameter[], learningRate: number): Updates {
  return Object.assign({}, ...parameters.map((parameter) => OPTIMIZERS[optimizer].update(parameter, learningRate)));
}

/** Names and shapes of what an optimiser remembers of a parameter. */
export function optimizerState(optimizer: OptimizerName, name: string, shape: Shape): { name: string; shape: Shape }[] {
  return OPTIMIZERS[optimizer].memory.map((what) => ({ name: `${name}.${what}`, shape }));
}
