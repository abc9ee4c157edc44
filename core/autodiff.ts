/** Reverse-mode differentiation: extends a traced program with the nodes of its gradient. */
import { constant, reachable, type Tensor } from "./graph.ts";
import { add } from "./ops/mod.ts";

/**
 * The gradients of the scalar `loss` with respect to each of `parameters`, each of its parameter's shape. Only the nodes
 * between a parameter and the loss are visited, so what nothing asked for is never built.
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[]): Tensor[] {
  const nodes = reachable([loss]);
  const needed = new Set<Tensor>(parameters);
  for (const node of nodes) if (node.inputs.some((input) => needed.has(input))) needed.add(node);

  const gradientOf = new Map<Tensor, Tensor>([[loss, constant(1, loss.shape)]]);
  for (const node of nodes.reverse()) {
    const outputGradient = gradientOf.get(node);
    if (outputGradient === undefined || !node.inputs.some((input) => needed.has(input))) continue;
    if (node.op.gradient === null) throw new Error(`${node.op.name} is not differentiable`);
    const inputGradients = node.op.gradient(outputGradient, node);
    node.inputs.forEach((input, i) => {
      const gradient = inputGradients[i];
      if (gradient === undefined || !needed.has(input)) return;
      const sum = gradientOf.get(input);
      gradientOf.set(input, sum === undefined ? gradient : add(sum, gradient));
    });
  }
  return parameters.map((parameter) => gradientOf.get(parameter) ?? constant(0, parameter.shape));
}
