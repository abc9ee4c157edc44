/** Runs a program on WASM and on the reference, from the same state. */
import { referenceBackend } from "../backends/reference/backend.ts";
import { closeThreads, wasmBackend, type WasmOptions } from "../backends/wasm/backend.ts";
import { type Program, stateTypes } from "../graph.ts";
import { threefry } from "../random.ts";
import type { Backend, Numbers } from "../session.ts";
import { type DType, sizeOf } from "../shape.ts";
import { assertAllClose } from "./assert_all_close.ts";

/** Values of state, by name. */
export type InitialState = Readonly<Record<string, Numbers>>;

/** Random numbers in [−1, 1) for f32, or 1 … 255 for u8. A share of `1 − density` is replaced by 0. */
export function drawNumbers(dtype: DType, count: number, stream: number, density = 1): Numbers {
  if (dtype === "i32") throw new Error("random numbers cannot serve as indices: pass an initial value");
  const values = Array.from({ length: count }, (_, i) => {
    const [value, keep] = threefry(11, stream, i, 0);
    if (keep / 2 ** 32 >= density) return 0;
    return dtype === "f32" ? value / 2 ** 31 - 1 : 1 + value % 255;
  });
  return dtype === "f32" ? Float32Array.from(values) : Uint8Array.from(values);
}

const STEPS = 2;

/** Every state that the program updates, after two steps on `backend`. State that `initial` leaves out is random. */
async function finalState(program: Program, initial: InitialState, backend: Backend): Promise<Map<string, Numbers>> {
  const session = await backend.open({ program });
  try {
    [...stateTypes([program])].forEach(([name, { dtype, shape }], stream) => {
      session.write(name, initial[name] ?? drawNumbers(dtype, sizeOf(shape), stream));
    });
    await session.run("program", 0, STEPS);
    const names = [...program.updates.keys()];
    return new Map(await Promise.all(names.map(async (name) => [name, await session.read(name)] as const)));
  } finally {
    session.close();
  }
}

/** Asserts that WASM agrees with the reference: with fused multiply-add, without it, and on three threads. */
export async function assertLikeReference(
  program: Program,
  initial: InitialState = {},
  tolerance = { relative: 1e-5, absolute: 1e-5 },
): Promise<void> {
  const expected = await finalState(program, initial, referenceBackend);
  const variants: WasmOptions[] = [{ relaxedFma: true }, { relaxedFma: false }, { threads: 3 }];
  try {
    for (const options of variants) {
      const actual = await finalState(program, initial, wasmBackend(options));
      for (const [name, values] of expected) {
        assertAllClose(actual.get(name)!, values, tolerance, `${name}, ${JSON.stringify(options)}`);
      }
    }
  } finally {
    closeThreads();
  }
}
