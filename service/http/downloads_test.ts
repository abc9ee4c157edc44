/** Downloads model files over real sockets, from a real folder. */
import assert from "node:assert/strict";
import { HttpServer } from "./server/http_server.ts";
import { join } from "node:path";
import { parameterSpecs } from "../../core/models/spec.ts";
import { type NewModel, specOf } from "../../lab/models/mod.ts";
import { createServiceApp } from "./app.ts";
import { addModelRoutes } from "./model_routes.ts";
import { testModel } from "../../lab/models/registry_testing.ts";
import { readSettings } from "../process/settings.ts";
import { openRegistry } from "../files/open_registry.ts";

const MODEL: NewModel = {
  ...testModel,
  hidden_layers_config: [1024, 1024],
  use_dropout: false,
};

interface Shelf {
  /** Of the stored model, such as `http://127.0.0.1:41234/api/models/m1`. */
  url: string;
  file: Uint8Array;
  path: string;
}

/** Serves a stored model of 7 MB; files that stay open fail the test. */
async function withShelf(body: (shelf: Shelf) => Promise<void>) {
  const modelsDir = await Deno.makeTempDir({ prefix: "downloads_" });
  const registry = await openRegistry(modelsDir, { write: true });
  const weights = parameterSpecs(specOf(MODEL)).map(({ name, shape }) => (
    { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) }
  ));
  const { id, filename } = await registry.store(MODEL, weights);
  const app = createServiceApp({ ...readSettings(() => undefined), modelsDir }, "training");
  addModelRoutes(app, registry);
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0 }, (request) => app.fetch(request));
  const path = join(modelsDir, filename);
  try {
    await body({ url: `http://127.0.0.1:${server.addr.port}/api/models/${id}`, file: await Deno.readFile(path), path });
  } finally {
    await server.shutdown();
    await Deno.remove(modelsDir, { recursive: true });
  }
}

Deno.test("a stored file arrives complete, with its length", () =>
  withShelf(async ({ url, file }) => {
    const response = await fetch(`${url}/model.pth`);
    assert.equal(Number(response.headers.get("content-length")), file.length);
    assert.deepEqual(await response.bytes(), file);
  }));

Deno.test("a file that is replaced during its download arrives unchanged", () =>
  withShelf(async ({ url, file, path }) => {
    const response = await fetch(`${url}/model.pth`);
    await Deno.writeTextFile(`${path}.new`, "another");
    await Deno.rename(`${path}.new`, path);
    assert.deepEqual(await response.bytes(), file);
  }));

Deno.test("a HEAD request or a client that disconnects leaves no file open", () =>
  withShelf(async ({ url, path }) => {
    for (const extension of ["pth", "safetensors", "onnx"]) {
      const head = await fetch(`${url}/model.${extension}`, { method: "HEAD" });
      assert.equal(head.status, 200);
      assert.equal((await head.bytes()).length, 0);
      const response = await fetch(`${url}/model.${extension}`);
      const reader = response.body!.getReader();
      assert.ok((await reader.read()).value!.length > 0);
      await reader.cancel();
    }
    if (Deno.build.os === "linux") await closedSoon(path);
  }));

/** Waits until this process no longer has `path` open. */
async function closedSoon(path: string) {
  const isOpen = () => [...Deno.readDirSync("/proc/self/fd")].some(({ name }) => linkOf(name) === path);
  for (let left = 200; isOpen(); left--) {
    assert.ok(left > 0, "a file that nobody reads is still open");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function linkOf(name: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${name}`);
  } catch {
    return undefined;
  }
}

Deno.test("a missing file is a 409 without paths", () =>
  withShelf(async ({ url, path }) => {
    await Deno.remove(path);
    for (const extension of ["pth", "safetensors", "onnx"]) {
      const response = await fetch(`${url}/model.${extension}`);
      assert.equal(response.status, 409);
      const { error } = await response.json();
      assert.match(error, /^cannot read the file of model .*, MODELS_DIR\/.*\.pth: it does not exist$/);
    }
  }));
