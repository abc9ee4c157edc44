/** The core in Chromium gives PyTorch's logits, on WASM and on WebGPU. */
import * as esbuild from "esbuild";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { mnist } from "../../core/testing/mnist.ts";
import { fixtures, initialWeights, specOf } from "../../core/testing/pytorch_fixtures.ts";
import { setUpPageTests } from "../testing/page_test.ts";

const pageTest = setUpPageTests();

async function bundle(): Promise<string> {
  const entry = new URL("../testing/core_in_page.ts", import.meta.url).pathname;
  try {
    const { outputFiles } = await esbuild.build({ entryPoints: [entry], bundle: true, write: false, format: "esm" });
    return outputFiles[0].text;
  } finally {
    await esbuild.stop();
  }
}

pageTest("the core in a page gives PyTorch's logits on WASM and on WebGPU", async (_lab, page) => {
  const script = await bundle();
  // Pages have WebGPU only if they come from a trustworthy origin such as this machine, so a server must serve the
  // empty page.
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
  );
  try {
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    await page.addScriptTag({ content: script, type: "module" });
    await page.waitForFunction("typeof logitsOf === 'function'");
    const batch = 3, pixels = [...mnist().train.images.subarray(0, batch * 784)];
    // Every optimiser's runs cover all models. The deepest model represents each family.
    const models = ["33,17", "16"].map((widths) => fixtures.runs.find((run) => run.hidden_layers.join() === widths)!);
    for (const fixture of models) {
      const spec = specOf(fixture);
      const weights = initialWeights(spec).map((tensor) => ({ ...tensor, data: [...tensor.data] }));
      for (const device of ["wasm", "webgpu"]) {
        const question = JSON.stringify({ spec, weights, pixels, device, batch });
        const logits = await page.evaluate(`logitsOf(${question})`) as number[];
        const name = `${fixture.model_type} [${fixture.hidden_layers}] on ${device}`;
        assertAllClose(logits, fixture.initial_logits.flat(), { relative: 0, absolute: 1e-4 }, name);
      }
    }
  } finally {
    await server.shutdown();
  }
});
