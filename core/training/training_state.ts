/** Everything that steps of training change, read out and put back under the names by which the programs know it. */
import { type Program, stateTypes } from "../graph.ts";
import type { Session } from "../session.ts";
import type { TensorType } from "../shape.ts";
import type { NamedTensor } from "../models/spec.ts";

/**
 * With the options of its trainer, all that decides how a training goes on: random numbers are functions of the seed and the
 * step, so they have no state of their own.
 */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Parameters and what the optimiser remembers of them, in the programs' layout, not PyTorch's. */
  tensors: NamedTensor[];
}

/** The types of the states that any of `programs` updates, by name. Whatever an optimiser remembers is among them. */
export function updatedStates(programs: readonly Program[]): Map<string, TensorType> {
  const types = stateTypes(programs);
  return new Map(programs.flatMap(({ updates }) => [...updates.keys()]).map((name) => [name, types.get(name)!]));
}

/** Copies of the states of `types`. No run may be asked for until this resolves. */
export async function readStates(session: Session, types: ReadonlyMap<string, TensorType>): Promise<NamedTensor[]> {
  const tensors: NamedTensor[] = [];
  for (const [name, { shape }] of types) {
    const data = await session.read(name);
    if (!(data instanceof Float32Array)) throw new Error(`state ${name} is updated, but holds no float32`);
    tensors.push({ name, shape, data });
  }
  return tensors;
}

/**
 * Fills the states of `types` from what `readStates` gave.
 *
 * @throws {Error} that names what is missing, of another shape, or of no use
 */
export function writeStates(
  session: Session,
  types: ReadonlyMap<string, TensorType>,
  tensors: readonly NamedTensor[],
): void {
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const [name, { shape }] of types) {
    const tensor = given.get(name);
    if (tensor === undefined) throw new Error(`the saved state has no ${name}`);
    if (tensor.shape.join() !== shape.join()) {
      throw new Error(
        `the saved state's ${name} must have shape [${shape.join(", ")}], got [${tensor.shape.join(", ")}]`,
      );
    }
    session.write(name, tensor.data);
    given.delete(name);
  }
  if (given.size > 0) {
    throw new Error(`the saved state has ${[...given.keys()].join(", ")}, which nothing here updates`);
  }
}
