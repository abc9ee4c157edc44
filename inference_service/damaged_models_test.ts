/** Tests records whose file is missing or truncated, next to an intact one, over HTTP and with real files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Hono } from "hono";
import { addModelRoutes } from "../service/http/model_routes.ts";
import { inTime } from "../lab/in_time_testing.ts";
import { testModel, testWeights, withFolder } from "../lab/models/registry_testing.ts";
import { readSettings } from "../service/process/settings.ts";
import { openInferenceService } from "./service.ts";
import { pngUrl, stroke } from "./testing.ts";
import { openRegistry } from "../service/files/open_registry.ts";

/** Asks the service, with `body` as JSON if there is one. */
type Ask = (path: string, body?: object) => Promise<{ status: number; text: string }>;

/** Runs `body` with a service on the models in `modelsDir`. Leaves out what it prints at its start. */
async function withService(modelsDir: string, body: (ask: Ask) => Promise<void>): Promise<void> {
  const env: Record<string, string> = { MODELS_DIR: modelsDir, THREADS: "1", DEVICE: "wasm" };
  const { error } = console;
  console.error = () => {};
  const service = await openInferenceService(readSettings((name) => env[name])).finally(() => console.error = error);
  try {
    await body(async (path, sent) => {
      const init = sent && { method: "POST", body: JSON.stringify(sent) };
      const response = await service.fetch(new Request(`http://localhost:8001${path}`, init));
      return { status: response.status, text: await response.text() };
    });
  } finally {
    service.close();
  }
}

Deno.test("a request for a model whose file is missing or truncated says so, and other models are not affected", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder, { write: true });
    const [missing, short, whole] = [
      await registry.store({ ...testModel, batch_size: 1 }, testWeights(0.01)),
      await registry.store({ ...testModel, batch_size: 2 }, testWeights(0.01)),
      await registry.store({ ...testModel, batch_size: 3 }, testWeights(0.01)),
    ];
    await Deno.remove(join(folder, missing.filename));
    await Deno.truncate(join(folder, short.filename), 1000);
    await withService(folder, async (ask) => {
      const ids = JSON.parse((await ask("/api/models")).text).map(({ id }: { id: string }) => id);
      assert.deepEqual(ids, [whole.id, short.id, missing.id], "all are listed");
      const image_data = pngUrl(stroke());
      for (const { id } of [missing, short]) {
        const answer = await ask("/predict", { model_id: id, image_data });
        assert.equal(answer.status, 409);
        assert.match(
          JSON.parse(answer.text).error,
          new RegExp(`^The stored model cannot be used: .*${id}.* Train it again\\.$`),
        );
        for (const extension of ["safetensors", "onnx"]) {
          const download = await ask(`/api/models/${id}/model.${extension}`);
          assert.equal(download.status, 409);
          assert.match(JSON.parse(download.text).error, new RegExp(id));
        }
      }
      assert.equal((await ask(`/api/models/${missing.id}/model.pth`)).status, 409);
      assert.equal((await ask("/predict", { model_id: whole.id, image_data })).status, 200);
      assert.equal((await ask(`/api/models/${whole.id}/model.onnx`)).status, 200);
      assert.equal((await ask("/healthz")).status, 200);
    });
  }));

Deno.test("NaN in a record hides at most that record, on both services", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder, { write: true });
    const { id } = await registry.store(testModel, testWeights(0.01));
    const path = join(folder, "models_metadata.json");
    const text = (await Deno.readTextFile(path)).replace('"accuracy":', '"best_loss": NaN,\n    "accuracy":');
    const hidden = text.replace(id, "hidden").replace(/"accuracy": [\d.]+/, '"accuracy": NaN').replace("[", "");
    await Deno.writeTextFile(path, text.replace(/\]\s*$/, `,${hidden}`));
    await withService(folder, async (ask) => {
      const training = new Hono();
      addModelRoutes(training, registry);
      const response = await training.request("http://localhost:8000/api/models");
      for (const answer of [await ask("/api/models"), { status: response.status, text: await response.text() }]) {
        assert.equal(answer.status, 200);
        const records = JSON.parse(answer.text);
        assert.deepEqual(records.map((record: { id: string }) => record.id), [id]);
        assert.equal(records[0].best_loss, null, "JSON has no NaN");
      }
      const answer = await ask("/predict", { params: null, model_id: id, image_data: pngUrl(stroke()) });
      assert.equal(answer.status, 200, answer.text);
    });
  }));

Deno.test("healthz reports entries that are not models, with the fault of the first, and they do not hide other models", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder, { write: true });
    const { id } = await registry.store(testModel, testWeights(0.01));
    const path = join(folder, "models_metadata.json");
    const [record] = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify([record, { ...record, id: "odd", accuracy: "high" }, 7]));
    await withService(folder, async (ask) => {
      const health = JSON.parse((await ask("/healthz")).text);
      assert.deepEqual([health.status, health.models], ["ok", 1]);
      assert.equal(
        health.checks.models.message,
        "MODELS_DIR/models_metadata.json has 2 entries that are no models (the first is number 2 of 3, " +
          '"odd": accuracy must be a number, got "high"); left as found, and not listed',
      );
      assert.deepEqual((await registry.list()).map((record) => record.id), [id]);
      await Deno.remove(folder, { recursive: true });
      const gone = await ask("/healthz");
      assert.equal(gone.status, 503);
      assert.equal(
        JSON.parse(gone.text).checks.models_folder.message,
        "cannot read the models folder MODELS_DIR: it does not exist",
      );
      await Deno.mkdir(folder);
    });
  }));

Deno.test({
  name: "a model whose file is a FIFO or a link to outside is refused at once and does not affect other models",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder((dir) =>
      withFolder(async (folder) => {
        const registry = await openRegistry(folder, { write: true });
        const [fifo, link, whole] = [
          await registry.store({ ...testModel, batch_size: 1 }, testWeights(0.01)),
          await registry.store({ ...testModel, batch_size: 2 }, testWeights(0.01)),
          await registry.store({ ...testModel, batch_size: 3 }, testWeights(0.01)),
        ];
        await Deno.remove(join(folder, fifo.filename));
        assert((await new Deno.Command("mkfifo", { args: [join(folder, fifo.filename)] }).output()).success);
        await Deno.rename(join(folder, link.filename), join(dir, "outside.pth"));
        await Deno.symlink(join(dir, "outside.pth"), join(folder, link.filename));
        const image_data = pngUrl(stroke());
        await withService(folder, async (ask) => {
          for (const [id, reason] of [[fifo.id, /not a regular file/], [link.id, /leads out of its folder/]] as const) {
            const answer = await inTime(ask("/predict", { model_id: id, image_data }), "an answer", 2000);
            assert.equal(answer.status, 409);
            assert.match(answer.text, reason);
          }
          assert.equal((await ask("/predict", { model_id: whole.id, image_data })).status, 200);
          assert.equal((await inTime(ask("/healthz"), "an answer", 1000)).status, 200);
        });
      })
    ),
});
