/** Puts this backend's special kernels into a program, where shapes and density say that they are better. */
import { onInputs, type Program, programOf, type Tensor } from "../../graph.ts";

/**
 * Gives the node to put in place of `node`, or undefined to leave it. `now` gives what has been put in place of an
 * earlier node: a replacement is built on that.
 */
export type Rule = (node: Tensor, now: (earlier: Tensor) => Tensor) => Tensor | undefined;

/**
 * Makes the rules for one program: rules may remember the nodes that they have seen, so each program gets fresh ones.
 */
export type RuleSet = () => readonly Rule[];

/** The same program with the first rule applied that fits a node. Nodes that a rule makes useless are left out. */
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
