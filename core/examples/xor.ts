/**
 * Two layers learn XOR: tracing, gradients, an optimiser and a session in thirty lines.
 * `deno run core/examples/xor.ts`
 */
import { add, backendFor, constant, gradients, matmul, mul, relu, state, sub, sum, trace, updatesOf } from "../mod.ts";

const WIDTH = 8, STEPS = 500;

const step = trace(() => {
  const x = state("x", [4, 2]), y = state("y", [4, 1]);
  const w1 = state("w1", [2, WIDTH]), b1 = state("b1", [WIDTH]), w2 = state("w2", [WIDTH, 1]), b2 = state("b2", [1]);
  const output = add(matmul(relu(add(matmul(x, w1), b1)), w2), b2); // [4, 1]
  const error = sub(output, y);
  const loss = mul(sum(mul(error, error)), constant(1 / 4));
  const parameters = { w1, b1, w2, b2 }, slopes = gradients(loss, Object.values(parameters));
  const updates = updatesOf(
    Object.entries(parameters).map(([name, value], i) => ({ name, value, gradient: slopes[i] })),
    { optimizer: "Adam", learningRate: 0.03 },
    STEPS,
  );
  return { updates: { ...updates, output }, outputs: { loss } };
});

/** Trains from fixed weights; returns the answers for (0, 0), (0, 1), (1, 0) and (1, 1), and the last loss. */
export async function learnXor(): Promise<{ answers: number[]; loss: number }> {
  const session = await backendFor("wasm").open({ step });
  session.write("x", Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1));
  session.write("y", Float32Array.of(0, 1, 1, 0));
  session.write("w1", Float32Array.from({ length: 2 * WIDTH }, (_, i) => Math.sin(i + 1)));
  session.write("w2", Float32Array.from({ length: WIDTH }, (_, i) => Math.cos(i + 1)));
  const { loss } = await session.run("step", 0, STEPS);
  const answers = [...await session.read("output")];
  session.close();
  return { answers, loss: loss[STEPS - 1] };
}

if (import.meta.main) console.log(await learnXor());
