/** Inserts this backend's special kernels into a program where shapes and density make them worthwhile. */
import { onInputs, type Program, programOf, type Tensor } from "../../graph.ts";

/**
 * Returns the replacement of `node`, or undefined to keep it. `now` gives the replacement of an earlier node, on which
 * a new one must be built.
 */
export type Rule = (node: Tensor, now: (earlier: Tensor) => Tensor) => Tensor | undefined;

/**
 * Makes the rules for one program. Rules may remember the nodes that they have seen, so each program gets fresh rules.
 */
export type RuleSet = () => readonly Rule[];

/** The same program with the first matching rule applied to each node. Nodes that become unused are left out. */
export function rewrite({ nodes, updates, outputs }: Program, ruleSet: RuleSet): Program {
  const rules = ruleSet();
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
