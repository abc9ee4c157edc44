/** Reverse-mode differentiation: extends a traced graph with the nodes of its gradients. */
import { constant, reachable, type Tensor } from "./graph.ts";
import { add } from "./ops/mod.ts";

/**
 * The gradient of the scalar `loss` with respect to each of `parameters`, in the parameter's shape; zeros where the
 * loss does not depend on it. Only nodes between a parameter and the loss get a gradient, so nothing unused is built.
 * @throws {Error} When an op between a parameter and the loss is not differentiable.
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
