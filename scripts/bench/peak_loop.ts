/** A loop of independent multiply-adds: enough chains to fill two units with a latency of four or five cycles. */
import { f32x4, i32, v128 } from "../../core/codegen/wasm/assembler/instructions.ts";
import { detectFeatures, ModuleBuilder } from "../../core/codegen/wasm/assembler/module_builder.ts";

const CHAINS = 12;
const UNROLL = 8;
const LANES = 4;

/** Runs the loop `rounds` times. */
export type PeakLoop = (rounds: number) => void;

/** Floating-point operations of one round of the loop. */
export const FLOPS_PER_ROUND = CHAINS * UNROLL * LANES * 2;

/** Compiles the loop and checks it on x ← x / 2 + c, which converges to 2 c. */
export async function openPeakLoop(): Promise<PeakLoop> {
  const module = new ModuleBuilder(detectFeatures());
  module.addFunction("run", ["i32"], (f) => {
    const [rounds] = f.params;
    const chains = Array.from({ length: CHAINS }, (_, c) => f.let("v128", f32x4.const(c)));
    const half = f.let("v128", f32x4.const(0.5));
    const addends = f.let("v128", f32x4.const(3));
    f.countTo(f.let("i32", i32.const(0)), rounds.get, 1, () => {
      for (let i = 0; i < UNROLL; i++) {
        for (const x of chains) f.set(x, f.multiplyAdd(x.get, half.get, addends.get));
      }
    });
    chains.forEach((x, c) => f.emit(v128.store(i32.const(0), c * LANES * 4, x.get)));
  }, { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const binary = module.encode({ pages: 1, shared: false });
  const { instance } = await WebAssembly.instantiate(binary, { env: { memory } });
  const run = instance.exports.run as PeakLoop;
  run(10);
  const results = new Float32Array(memory.buffer, 0, CHAINS * LANES);
  if (!results.every((x) => x === 6)) throw new Error(`the loop of multiply-adds gives ${results}, expected 6`);
  return run;
}
