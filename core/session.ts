/** The interface of a backend: programs that share state and run in steps. */
import type { Program } from "./graph.ts";
import type { DType, TensorType } from "./shape.ts";

/** The values of a state, outside the engine: float32 for `f32`, int32 for `i32`, bytes for `u8`. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** Compiled programs and the state that they share, which starts as zeros. A session serves one caller at a time. */
export interface Session {
  /** The backend's name: `wasm`, `webgpu` or `reference`. */
  readonly device: string;
  /** How many threads run the steps at present, on WASM. The results do not depend on it. */
  readonly threads?: number;
  /**
   * Sets a state.
   * @throws {Error} When no state has this name, or `values` has the wrong number of elements.
   */
  write(name: string, values: Numbers): void;
  /**
   * A copy of a state's current values.
   * @throws {Error} When no state has this name.
   */
  read(name: string): Promise<Numbers>;
  /**
   * Runs the steps `firstStep` … `firstStep + steps − 1` of a program; returns each output's value after each step.
   * @throws {RangeError} on WASM, when an index in memory is out of range. Afterwards the session can only be closed.
   */
  run(program: string, firstStep: number, steps: number): Promise<Record<string, Float32Array>>;
  /** Set this word to 1 to interrupt a run from another thread. Afterwards the session can only be closed. */
  readonly stop?: Int32Array<SharedArrayBuffer>;
  /** Frees the memory. Do not use the session afterwards. */
  close(): void;
}

/** Compiles programs for one kind of device. */
export interface Backend {
  readonly name: string;
  /** Compiles `programs`, by name, into a session. */
  open(programs: Readonly<Record<string, Program>>): Promise<Session>;
}

/**
 * The type of state `name`.
 * @throws {Error} When no state has this name; the message lists the names that exist.
 */
export function stateType(types: ReadonlyMap<string, TensorType>, name: string): TensorType {
  const type = types.get(name);
  if (type === undefined) throw new Error(`no state is called ${name}; the states are ${[...types.keys()].join(", ")}`);
  return type;
}

/** A view of `length` elements of type `dtype` in `buffer`, from byte `at` on. */
export function viewOf(buffer: ArrayBufferLike, dtype: DType, at: number, length: number): Numbers {
  if (dtype === "f32") return new Float32Array(buffer, at, length);
  return dtype === "i32" ? new Int32Array(buffer, at, length) : new Uint8Array(buffer, at, length);
}

/**
 * Requires `values` to fill a state of `length` elements.
 * @throws {Error} When the number of elements differs.
 */
export function requireLength(name: string, values: Numbers, length: number): void {
  if (values.length !== length) throw new Error(`state ${name} takes ${length} elements, got ${values.length}`);
}
