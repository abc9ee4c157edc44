/** Saves and restores everything that training steps change. */
import { type Program, stateTypes } from "../graph.ts";
import type { Session } from "../session.ts";
import type { TensorType } from "../shape.ts";
import type { NamedTensor } from "../models/spec.ts";

/**
 * All that is needed, with the trainer's options, to resume a training run and reach the same bits. Random numbers are
 * functions of the seed and the step, so they have no state.
 */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Parameters and the optimiser's moments, in the programs' layout, not PyTorch's. */
  tensors: NamedTensor[];
}

/** The types of the states that any of `programs` updates, by name. The optimiser's moments are among them. */
export function updatedStates(programs: readonly Program[]): Map<string, TensorType> {
  const types = stateTypes(programs);
  return new Map(programs.flatMap(({ updates }) => [...updates.keys()]).map((name) => [name, types.get(name)!]));
}

/** Copies of the states of `types`. The session must not run until this resolves. */
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
 * Fills the states of `types` with what `readStates` returned.
 *
 * @throws {Error} that names a state which is missing, has another shape, or is not updated by any program
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
    throw new Error(`the saved state has ${[...given.keys()].join(", ")}, which no program updates`);
  }
}
