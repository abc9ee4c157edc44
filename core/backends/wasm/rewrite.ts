/** Puts this backend's special kernels into a program, where shapes and density say that they are better. */
import { onInputs, type Program, programOf, type Tensor } from "../../graph.ts";
import { pooledConvolutions } from "./rules/pooled_convolutions.ts";
import { productsWithZeros } from "./rules/products_with_zeros.ts";
import { winogradConvolutions } from "./rules/winograd.ts";

/** What to put in place of a node: undefined to leave it. `now` gives what has been put in place of an earlier node. */
export type Rule = (node: Tensor, now: (earlier: Tensor) => Tensor) => Tensor | undefined;

/** The same program with each rule applied where it fits. What a rule makes useless is left out. */
export function rewrite({ nodes, updates, outputs }: Program): Program {
  const rules: readonly Rule[] = [productsWithZeros(), pooledConvolutions(), winogradConvolutions];
  const rewritten = new Map<Tensor, Tensor>();
  const now = (node: Tensor) => rewritten.get(node)!;
  for (const node of nodes) {
    let replacement: Tensor | undefined;
    for (const rule of rules) replacement ??= rule(node, now);
    rewritten.set(node, replacement ?? onInputs(node, node.inputs.map(now)));
  }
  const all = (results: Program["updates"]) => new Map([...results].map(([name, node]) => [name, now(node)]));
  return programOf(all(updates), all(outputs));
}
