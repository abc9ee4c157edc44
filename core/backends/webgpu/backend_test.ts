import assert from "node:assert/strict";
import { constant, state, trace } from "../../graph.ts";
import { add, sum } from "../../ops/mod.ts";
import { hasWebGpu } from "../../testing/backends.ts";
import { firstDigits, mnist } from "../../testing/mnist.ts";
import { openTrainerOn } from "../../training/device_choice.ts";
import { webgpuBackend } from "./backend.ts";
import { liveBuffers } from "./memory.ts";
import { closeDevice, openDevice } from "./device.ts";

const ignore = !hasWebGpu;

const counter = () =>
  trace(() => {
    const next = add(state("x", [3]), constant(1));
    return { updates: { x: next }, outputs: { total: sum(next) } };
  });

Deno.test({ name: "outputs of many WebGPU steps come back in order", ignore }, async () => {
  const session = await webgpuBackend.open({ counter: counter() });
  const { total } = await session.run("counter", 0, 150);
  assert.deepEqual([...total], Array.from({ length: 150 }, (_, i) => 3 * (i + 1)));
  assert.deepEqual([...await session.read("x")], [150, 150, 150]);
  session.close();
  assert.equal(liveBuffers(), 0);
});

Deno.test({ name: "concurrent runs on WebGPU happen in order", ignore }, async () => {
  const session = await webgpuBackend.open({ counter: counter() });
  await session.run("counter", 0, 1);
  const [first, second] = await Promise.all([session.run("counter", 1, 2), session.run("counter", 3, 2)]);
  assert.deepEqual([...first.total, ...second.total], [6, 9, 12, 15]);
  session.close();
});

Deno.test(
  { name: "a lost GPU is reported as an error, and the next session opens it again", ignore },
  async () => {
    const session = await webgpuBackend.open({ counter: counter() });
    const { device } = await openDevice();
    device.destroy();
    await device.lost;
    await assert.rejects(async () => await session.run("counter", 0, 1), {
      name: "DeviceLostError",
      message: /the GPU was lost/,
    });
    session.close();
    const next = await webgpuBackend.open({ counter: counter() });
    assert.deepEqual([...(await next.run("counter", 0, 1)).total], [3]);
    next.close();
    assert.equal(liveBuffers(), 0);
  },
);

Deno.test(
  { name: "2,000 training steps on WebGPU leak no buffers and no memory", ignore },
  async () => {
    const { trainer } = await openTrainerOn("webgpu", {
      spec: { modelType: "SimpleNN", hiddenLayers: [8] },
      optimizer: "Adam",
      learningRate: 0.001,
      batchSize: 4,
      epochs: 20,
      seed: 1,
      dataset: { train: firstDigits(mnist().train, 400), test: firstDigits(mnist().test, 100) },
    });
    const open = liveBuffers();
    const grownBy = async (steps: number) => {
      const before = Deno.memoryUsage().rss;
      for (let done = 0; done < steps;) done += (await trainer.run(10)).length;
      return Deno.memoryUsage().rss - before;
    };
    await grownBy(500);
    const growth = await grownBy(1500);
    assert.equal(trainer.step, 2000);
    assert.equal(liveBuffers(), open);
    assert.ok(growth < 50e6, `1,500 steps grew the process by ${(growth / 1e6).toFixed(0)} MB`);
    trainer.close();
    assert.equal(liveBuffers(), 0);
    await closeDevice();
  },
);
