/**
 * Tests the binary without downloading Deno's runtime for it: which files would be embedded, and that a folder of
 * exactly these files runs. The release workflow tries the real binaries.
 */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../protocol/mod.ts";
import { Buffer } from "node:buffer";
import { CANVAS, drawDigit } from "../../core/mnist/drawing/drawing_testing.ts";
import { IMAGE_PIXELS } from "../../core/models/spec.ts";
import { writePng } from "../../inference_service/drawing/png/testing.ts";
import { readTestDigits } from "../../service/dataset/dataset.ts";
import { readSettings } from "../../service/process/settings.ts";
import { workerScripts } from "./contents.ts";
import { BareMachine, packLab } from "./lab_testing.ts";
import { packageFile } from "./embedded_files.ts";

const MAX_ADDED_BYTES = 40 * 1024 * 1024;
const PACKAGES = ["@valibot/to-json-schema", "fast-png", "fflate", "hono", "iobuffer", "valibot"];
const RGBA = 6;
const CONFIG = { ...DEFAULT_CONFIG, num_epochs: 1, hidden_layers_config: [64] };

const folder = await Deno.makeTempDir({ prefix: "binary_test_" });
const { files, addedBytes } = await packLab(folder).finally(() => Deno.remove(folder, { recursive: true }));

Deno.test("packaging: the lab, its pages, the dataset and imported packages are embedded, and nothing else", async () => {
  const own = files.map(({ path }) => path).filter((path) => packageFile(path) === undefined);
  const source = /^(deno\.json|(cli|core|protocol|lab|service|training_service|inference_service)\/.+\.(ts|json))$/;
  const built =
    /^dist\/(ui\/(training|inference|docs|locked)\.html|ui\/assets\/[\w.-]+|dataset\/MNIST\/raw\/[\w-]+\.gz)$/;
  assert.deepEqual(own.filter((path) => !source.test(path) && !built.test(path)), []);
  assert.deepEqual(own.filter((path) => /(_test|_testing|_bench)\.ts$|\/(testing|fixtures)\b/.test(path)), []);
  for (const script of await workerScripts()) assert.ok(own.includes(script), `${script} is not embedded`);
  assert.equal(own.filter((path) => /^dist\/dataset\/.*\.gz$/.test(path)).length, 4);
  const packages = new Set(files.map(({ path }) => packageFile(path)?.name).filter((name) => name !== undefined));
  assert.deepEqual([...packages].sort(), PACKAGES);
  console.log(
    `${files.length} files, ${own.length} of them the lab's own; ${(addedBytes / 1e6).toFixed(1)} MB are added`,
  );
  assert.ok(addedBytes <= MAX_ADDED_BYTES, `${addedBytes} bytes are added to the runtime`);
});

Deno.test("a folder of exactly the embedded files serves and works in the terminal on a bare machine", (test) =>
  BareMachine.with(files, async (machine) => {
    const png = await drawing();
    await Deno.writeFile(machine.file("seven.png"), png);
    let model_id = "";

    await test.step("it trains and predicts over HTTP, and exits cleanly", async () => {
      const end = await machine.serving(async (startMs) => {
        console.log(`from the start to the first page: ${startMs.toFixed(0)} ms`);
        for (const url of [machine.trainingUrl, machine.inferenceUrl]) {
          assert.equal((await (await fetch(`${url}/healthz`)).json()).wasm_checks, "off");
        }
        const result = await trainOver(machine.trainingUrl);
        assert.ok(result.accuracy > 85, `accuracy ${result.accuracy}`);
        model_id = result.model_id;
        const response = await fetch(`${machine.inferenceUrl}/predict`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            model_id,
            image_data: `data:image/png;base64,${Buffer.from(png).toString("base64")}`,
          }),
        });
        assert.equal(response.status, 200, await response.clone().text());
        assert.equal((await response.json()).prediction, 7);
      });
      assert.equal(end.code, 0, end.err);
      assert.match(end.out, /Models are kept in .*work.models/);
      assert.match(end.out, /MNIST Lab is running/);
    });

    await test.step("it keeps that model, or replaces it by training in the terminal", async () => {
      const train = (...more: string[]) => machine.run("train", "--config", JSON.stringify(CONFIG), ...more);
      const kept = await train();
      assert.equal(kept.code, 3);
      assert.equal(kept.out, "");
      const trained = await train("--overwrite");
      assert.equal(trained.code, 0, trained.err);
      assert.match(trained.err, /Epoch 1 of 1: mean loss/);
      const result = JSON.parse(trained.out);
      assert.ok(result.accuracy > 85);
      assert.notEqual(result.model_id, model_id);
      model_id = result.model_id;
    });

    await test.step("it lists and exports the model and reads a drawing", async () => {
      const formats = ["pth", "safetensors", "onnx"];
      const exporting = formats.map((format) => machine.run("export", model_id, "--format", format));
      const asking = [["models"], ["models", "--json"], ["predict", "seven.png"]].map((args) => machine.run(...args));
      for (const { code, err } of await Promise.all([...exporting, ...asking])) assert.equal(code, 0, err);
      const [table, json, predicted] = await Promise.all(asking);
      assert.equal(table.out.trim().split("\n").length, 2);
      assert.deepEqual(JSON.parse(json.out).map(({ id }: { id: string }) => id), [model_id]);
      assert.match(predicted.out, /^7\n\d+\.\d+% sure, by /);
      for (const format of formats) {
        assert.ok((await Deno.stat(machine.file(`${model_id}.${format}`))).size > 4 * 64 * 784);
      }
    });

    await test.step("it reports wrong arguments in one line", async () => {
      await Promise.all(WRONG.map(async ([args, word]) => {
        const { code, out, err } = await machine.run(...args);
        assert.equal(code, 2, `${args.join(" ")}: ${out}${err}`);
        assert.match(err, word);
        assert.equal(err.trim().split("\n").length, 1, err);
      }));
    });

    await test.step("it refuses to pretend that V8 checks WebAssembly", async () => {
      machine.setVariable("WASM_CHECKS", "on");
      const { code, err } = await machine.run("models");
      assert.equal(code, 1);
      assert.match(err, /^WASM_CHECKS=on has no effect here: /);
    });
  }));

const WRONG: [string[], RegExp][] = [
  [["fly"], /There is no command "fly"/],
  [["seven.png"], /did you mean: mnist-lab predict seven\.png/],
  [["models", "--fast"], /--fast/],
  [["train", "--config", '{"model_type":"RNN"}'], /model_type must be one of SimpleNN, ConvNN/],
  [["train", "--config", "nowhere.json"], /cannot read the configuration nowhere\.json/],
  [["predict", "nowhere.png"], /cannot read nowhere\.png/],
  [["export", "model_x"], /There is no model "model_x"/],
];

/** The first test digit, a seven, as a page sends it. */
async function drawing(): Promise<Uint8Array> {
  const { images } = await readTestDigits(readSettings().dataDir);
  const { width, height, data } = drawDigit(images.subarray(0, IMAGE_PIXELS), CANVAS, CANVAS.width, 0, 0);
  return writePng({ width, height, colour: RGBA, sample: (x, y, c) => data[(y * width + x) * 4 + c] });
}

async function trainOver(url: string): Promise<{ accuracy: number; model_id: string }> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/train`);
  try {
    return await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send(JSON.stringify(CONFIG));
      socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`));
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === "result") resolve(message);
        if (message.type === "error") reject(new Error(message.message));
      };
    });
  } finally {
    socket.close();
  }
}
