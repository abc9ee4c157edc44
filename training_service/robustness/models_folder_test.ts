/** Tests hostile contents of the models folder, over HTTP and with real files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { inTime } from "../../lab/in_time_testing.ts";
import { testModel, testWeights } from "../../lab/models/registry_testing.ts";
import { DEFAULT_CONFIG, type ModelRecord } from "../../protocol/mod.ts";
import { openRegistry } from "../../service/files/open_registry.ts";
import { fetchFrom } from "../testing/lab.ts";
import { type OpenLab, withOpenLab } from "../testing/open_lab.ts";
import { eventually, foldersOf, withDigits, withService } from "../testing/process.ts";

const OTHER = "127.0.0.2";
const TRAINING_MS = 60_000;
const CONFIG = { ...DEFAULT_CONFIG, num_epochs: 1, batch_size: 2048, hidden_layers_config: [4] };

const ignore = Deno.build.os === "windows";

/** Stores a model as if it had been trained before. */
async function store(modelsDir: string, fields: object = {}): Promise<ModelRecord> {
  const registry = await openRegistry(modelsDir);
  return await registry.store({ ...testModel, ...fields }, testWeights(0.01), { history: () => ({}) });
}

async function putFifo(path: string) {
  await Deno.remove(path).catch(() => {});
  assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
}

interface Answer {
  status: number;
  text: string;
}

/** Asks the lab, from another address, and expects an answer within a second. */
async function ask({ host }: OpenLab, path: string, method = "GET"): Promise<Answer> {
  const response = fetchFrom(OTHER, `http://${host}${path}`, { method });
  const { status, ...rest } = await inTime(
    response.then(async (answer) => ({ status: answer.status, text: await answer.text() })),
    `an answer to ${method} ${path}`,
    1000,
  );
  return { status, ...rest };
}

const rss = () => Deno.memoryUsage().rss / 2 ** 20;

/** Routes that read the weights of a model. */
const readingRoutes = (id: string) =>
  ["model.pth", "model.safetensors", "model.onnx", "analysis"].map((name) => `/api/models/${id}/${name}`);

Deno.test({
  name: "the service can train into a models folder reached by a link, with its real permissions",
  ignore,
  fn: () =>
    withDigits(async (dir) => {
      const { modelsDir } = foldersOf(dir), real = join(dir, "elsewhere", "models");
      await Deno.mkdir(real, { recursive: true });
      await Deno.remove(modelsDir);
      await Deno.symlink(real, modelsDir);
      await withService(dir, async ({ train, host }) => {
        const { model_id } = await (await train(CONFIG)).next("result", () => true, TRAINING_MS);
        assert((await Deno.lstat(join(real, `${model_id}.pth`))).isFile);
        assert((await Deno.lstat(modelsDir)).isSymlink);
        assert.equal((await fetch(`http://${host}/healthz`).then((answer) => answer.json())).status, "ok");
      });
    }),
});

Deno.test({
  name:
    "a model whose file is a FIFO, a device, or a link to outside is refused by name on every route, and can be removed",
  ignore,
  fn: () =>
    withDigits(async (dir) => {
      const { modelsDir } = foldersOf(dir), outside = join(dir, "outside.pth");
      const good = await store(modelsDir);
      await Deno.copyFile(join(modelsDir, good.filename), outside);
      const odd: Record<string, (path: string) => Promise<void>> = {
        fifo: putFifo,
        device: (path) => Deno.symlink("/dev/zero", path),
        link: (path) => Deno.symlink(outside, path),
      };
      await withOpenLab(dir, async (lab) => {
        const before = rss();
        for (const [kind, put] of Object.entries(odd)) {
          const { id, filename } = await store(modelsDir, { seed: kind.length });
          const path = join(modelsDir, filename);
          await Deno.remove(path);
          await put(path);
          assert((await ask(lab, "/api/models")).text.includes(id), "listed");
          for (const route of readingRoutes(id)) {
            const { status, text } = await ask(lab, route);
            assert.equal(status, 409, `${kind} ${route}: ${text}`);
            assert.match(text, new RegExp(`${id}.*(not a regular file|leads out of its folder)`), route);
            assert(!text.includes(dir));
          }
          const client = await lab.train({ ...CONFIG, batch_size: 512, start_from: id });
          const { message } = await client.next("error", () => true, TRAINING_MS);
          assert.match(message, new RegExp(`${id}.*(not a regular file|leads out of its folder)`));
          assert.equal((await ask(lab, "/healthz")).status, 200);
          for (const route of readingRoutes(good.id).slice(0, 3)) assert.equal((await ask(lab, route)).status, 200);
          assert.equal((await ask(lab, `/api/models/${id}`, "DELETE")).status, 204);
          await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
        }
        assert((await Deno.stat(outside)).size > 1000, "the target of the link is untouched");
        assert(rss() - before < 150, `${rss() - before} MiB more`);
      });
    }),
});

Deno.test({
  name: "a FIFO in place of the metadata, a history or a snapshot is reported at once and affects nothing else",
  ignore,
  fn: () =>
    withDigits(async (dir) => {
      const { modelsDir } = foldersOf(dir);
      const { id, filename } = await store(modelsDir, { run_id: "run_old" });
      await putFifo(join(modelsDir, "history", `${id}.json`));
      await Deno.mkdir(join(modelsDir, "checkpoints"));
      await putFifo(join(modelsDir, "checkpoints", "run_1.safetensors"));
      await withOpenLab(dir, async (lab) => {
        const answer = await ask(lab, "/api/runs/run_old");
        assert.equal(answer.status, 503);
        assert.match(answer.text, /cannot read the history MODELS_DIR.*it is not a regular file/);
        assert.equal((await ask(lab, "/api/runs")).text, "[]");
        const client = await lab.train({ resume: "run_1" });
        assert.match((await client.next("error")).message, /of which no snapshot is kept/);
        assert.equal((await ask(lab, `/api/models/${id}/model.pth`)).status, 200);

        const metadata = join(modelsDir, "models_metadata.json"), sound = await Deno.readFile(metadata);
        await putFifo(metadata);
        for (const [path, expected] of [["/healthz", 503], ["/api/models", 503], [`/api/models/${id}`, 503]] as const) {
          const { status, text } = await ask(lab, path);
          assert.equal(status, expected, path);
          assert.match(text, /models_metadata\.json: it is not a regular file/, path);
        }
        assert.equal((await ask(lab, "/openapi.json")).status, 200);
        await Deno.remove(metadata);
        await Deno.writeFile(metadata, sound);
        assert.equal((await ask(lab, "/healthz")).status, 200);
        assert.equal((await ask(lab, `/api/models/${id}/model.pth`)).status, 200, filename);
      });
    }),
});

Deno.test("while another process holds the lock, changes fail after ten seconds, /healthz says so and an abort works", () =>
  withDigits(async (dir) => {
    const { modelsDir } = foldersOf(dir);
    const { id } = await store(modelsDir);
    await withOpenLab(dir, async (lab) => {
      const client = await lab.train(CONFIG);
      await client.next("log", ({ epoch }) => epoch === undefined);
      const holder = holdLock(join(modelsDir, ".lock"));
      await holder.held;
      try {
        const began = performance.now();
        const removal = fetchFrom(OTHER, `http://${lab.host}/api/models/${id}`, { method: "DELETE" });
        const early = await ask(lab, "/healthz");
        assert.equal(early.status, 200);
        assert.match(early.text, /another program holds the lock of the folder/);
        assert.equal((await ask(lab, `/api/models/${id}/model.pth`)).status, 200, "readers need no lock");
        await client.next("log", ({ epoch }) => epoch === 1, TRAINING_MS);
        client.send({ type: "abort" });
        await client.next("aborted", () => true, 500);
        const { status, body } = await removal.then(async (answer) => ({
          status: answer.status,
          body: await answer.json(),
        }));
        const seconds = (performance.now() - began) / 1000;
        assert(seconds > 9 && seconds < 14, `${seconds} s`);
        assert.equal(status, 503);
        assert.match(
          body.error,
          /^cannot remove model .* in MODELS_DIR: another program has held the lock of the folder, \.lock, for \d+ s; end/,
        );
        const late = await ask(lab, "/healthz");
        assert.equal(late.status, 503);
        assert.match(late.text, /cannot write to the models folder MODELS_DIR: another program has held the lock/);
      } finally {
        holder.end();
        await holder.ended;
      }
      assert.equal((await ask(lab, "/healthz")).status, 200);
      assert.equal((await ask(lab, `/api/models/${id}`, "DELETE")).status, 204);
    });
  }));

/** A process that locks a file until it is ended. */
function holdLock(path: string) {
  const script = `const file = Deno.openSync(Deno.args[0], { read: true, write: true, create: true });
    file.lockSync(true); console.log("held"); setInterval(() => {}, 1000);`;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", script, path],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  return {
    held: inTime(reader.read(), "the lock", 10_000),
    end: () => process.kill("SIGKILL"),
    ended: process.status.then(() => reader.cancel()),
  };
}

Deno.test("if two labs on one folder train the same configuration, the second asks before it stores", () =>
  withDigits(async (dir) => {
    await withOpenLab(dir, async (first) => {
      await withOpenLab(dir, async (second) => {
        const clients = await Promise.all([first, second].map((lab) => lab.train({ ...CONFIG, num_epochs: 3 })));
        const asked = await eventually(() => clients.find((client) => client.of("exists").length > 0), TRAINING_MS);
        asked.send({ type: "overwrite", value: false });
        await Promise.all(clients.map((client) => inTime(client.closed, "the end", TRAINING_MS)));
        const [stored, ...others] = clients.flatMap((client) => client.of("result"));
        assert.deepEqual(others, []);
        assert.equal(stored.model_id, asked.of("exists")[0].existing.id);
        for (const lab of [first, second]) {
          const { body } = await lab.get("/api/models");
          assert.deepEqual(body.map(({ id }: ModelRecord) => id), [stored.model_id]);
        }
      });
    });
  }));
