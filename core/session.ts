/** What a backend offers: programs that run in steps over state which they share. */
import type { Program } from "./graph.ts";
import type { DType, TensorType } from "./shape.ts";

export type Numbers = Float32Array | Int32Array | Uint8Array;

/** Compiled programs and the memory that they share. Not for use by several callers at once. */
export interface Session {
  /** The name of the backend: `wasm`, `webgpu` or `reference`. */
  readonly device: string;
  /** Fills a state; `values` has exactly its number of elements and its type. */
  write(name: string, values: Numbers): void;
  /** A copy of a state's present value. */
  read(name: string): Promise<Numbers>;
  /** Runs `steps` steps of a program, numbered from `firstStep`; returns each output's value for each of them. */
  run(program: string, firstStep: number, steps: number): Promise<Record<string, Float32Array>>;
  /** Where the work can be interrupted from another thread: a word to be set to 1, after which only `close` may follow. */
  readonly stop?: Int32Array<SharedArrayBuffer>;
  /** Frees the memory. The session must not be used afterwards. */
  close(): void;
}

export interface Backend {
  readonly name: string;
  open(programs: Readonly<Record<string, Program>>): Promise<Session>;
}

/** The type of state `name`, or an error that names it. */
export function stateType(types: ReadonlyMap<string, TensorType>, name: string): TensorType {
  const type = types.get(name);
  if (type === undefined) throw new Error(`no state is called ${name}; there are ${[...types.keys()].join(", ")}`);
  return type;
}

/** `length` numbers of type `dtype` in `buffer`, from byte `at` on. */
export function viewOf(buffer: ArrayBufferLike, dtype: DType, at: number, length: number): Numbers {
  if (dtype === "f32") return new Float32Array(buffer, at, length);
  return dtype === "i32" ? new Int32Array(buffer, at, length) : new Uint8Array(buffer, at, length);
}

/** Throws unless `values` fits a state of `length` elements. */
export function requireLength(name: string, values: Numbers, length: number): void {
  if (values.length !== length) throw new Error(`state ${name} takes ${length} elements, got ${values.length}`);
}
