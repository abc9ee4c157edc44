/**
 * Runs every block of commands in README.md and docs/ as written. A new block that no test runs fails the last test.
 * Only ports, folders and the way to get Deno are changed (`reader_testing.ts`).
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import deno from "../../deno.json" with { type: "json" };
import { PROJECT_DIR } from "../lib/source_files.ts";
import { type Block, blocksOf, inlineCommandsOf, readDocs } from "./read_docs.ts";
import { Reader } from "./reader_testing.ts";

const unix = Deno.build.os !== "windows";
const NPX_DENO = "npx --yes deno@2.9.6";
const docs = await readDocs();
const blocks = Array.from(docs, ([file, text]) => blocksOf(file, text, ["sh", "bash", "js"])).flat();

/** The text of the one block that begins with `start`; several documents may contain it. */
function take(start: string): string {
  const texts = new Set(blocks.filter(({ text }) => text.startsWith(start)).map(({ text }) => text));
  assert.equal(texts.size, 1, `${texts.size} different blocks begin with "${start}"`);
  return [...texts][0];
}

/** The blocks that are run here. */
const RUN = {
  start: take(`${NPX_DENO} task dev`),
  train: take("const socket = new WebSocket"),
  predict: take("curl -s http://127.0.0.1:8001/api/digits/0.png"),
  copyAndRemove: take("curl -s http://127.0.0.1:8000/api/models/MODEL_ID"),
  forAClass: take("HOST=0.0.0.0 LAB_TOKEN=choose-a-word"),
  otherPorts: take("TRAINING_PORT=8010"),
  commandLine: take(`${NPX_DENO} task lab train`),
  fetchData: take(`${NPX_DENO} task fetch-data`),
  build: take(`${NPX_DENO} task build`),
  restoreModels: take(`${NPX_DENO} task restore-models`),
  examples: take(`${NPX_DENO} run core/examples/xor.ts`),
};

/**
 * Runs a block's commands, with a stored model's id in place of `MODEL_ID`.
 *
 * @returns standard output
 */
async function succeed(reader: Reader, text: string, variables: Record<string, string> = {}): Promise<string> {
  const { code, out, err } = await reader.run(text, variables);
  assert.equal(code, 0, `${text}\n${out}${err}`);
  return out;
}

async function status(url: string, headers: HeadersInit = {}): Promise<number> {
  const response = await fetch(url, { headers });
  await response.body?.cancel();
  return response.status;
}

Deno.test({
  name: "the first command starts the lab, and the commands for its API do what the documents say",
  ignore: !unix,
  fn: () =>
    Reader.with((reader) =>
      reader.serve(RUN.start, async () => {
        for (const port of reader.ports.slice(0, 2)) assert.equal(await status(`http://127.0.0.1:${port}/`), 200);

        await Deno.writeTextFile(reader.file("train.js"), reader.adapt(RUN.train));
        const said = await succeed(reader, `${NPX_DENO} run --quiet --allow-net ${reader.file("train.js")}`);
        const messages = said.trim().split("\n").map((line) => JSON.parse(line));
        const result = messages.find(({ type }) => type === "result");
        assert.ok(result?.accuracy > 90, said);

        const answer = JSON.parse(await succeed(reader, RUN.predict));
        assert.equal(answer.prediction, 7, "the first test digit is a seven");
        assert.equal(answer.found_model.id, result.model_id);

        const imported = JSON.parse(await succeed(reader, RUN.copyAndRemove.replaceAll("MODEL_ID", result.model_id)));
        assert.equal(imported.imported, true);
        assert.equal(imported.optimizer, "SGD");
        const records = await (await fetch(`${reader.trainingUrl}/api/models`)).json();
        assert.deepEqual(records.map(({ id }: { id: string }) => id), [imported.id], "the first one was removed");
      })
    ),
});

Deno.test({
  name: "a lab for a class is open to anyone with the token",
  ignore: !unix,
  fn: () =>
    Reader.with((reader) =>
      reader.serve(RUN.forAClass, async (output) => {
        const url = `${reader.trainingUrl}/api/models`;
        assert.equal(await status(url), 401);
        assert.equal(await status(url, { authorization: "Bearer choose-a-word" }), 200);
        const [, elsewhere] = /other machines:\s+(http:\S+)/.exec(output())!;
        assert.match(elsewhere, /:\d+\/\?token=choose-a-word$/);
        const page = new URL(elsewhere);
        if (page.hostname !== "address") assert.equal(await status(page.href.replace(/\?.*/, "")), 401);
      })
    ),
});

Deno.test({
  name: "if the ports are in use, other ports work",
  ignore: !unix,
  fn: () =>
    Reader.with(async (reader) => {
      await reader.serve(RUN.otherPorts, async () => {
        for (const port of reader.ports.slice(2)) assert.equal(await status(`http://127.0.0.1:${port}/`), 200);
      });
    }),
});

Deno.test({
  name: "the command line trains, lists, reads a drawing and exports, as documented",
  ignore: !unix,
  fn: () =>
    Reader.with(async (reader) => {
      const commands = RUN.commandLine.split("\n");
      assert.equal(commands.length, 4, RUN.commandLine);
      const [train, list, predict, exportModel] = commands;
      const { model_id } = JSON.parse(await succeed(reader, train));
      const { writePng } = await import("../../inference_service/drawing/png/testing.ts");
      const isInk = (x: number, y: number) => x > 120 && x < 150 && y > 40 && y < 240;
      const sample = (x: number, y: number) => isInk(x, y) ? 0 : 255;
      await Deno.writeFile(reader.file("digit.png"), writePng({ width: 280, height: 280, colour: 0, sample }));
      const [table, answer] = await Promise.all([
        succeed(reader, list),
        succeed(reader, predict),
        succeed(reader, exportModel.replace("MODEL_ID", model_id)),
      ]);
      assert.match(table, new RegExp(`^id .*\n${model_id} `));
      assert.match(answer, /^1\n\d+\.\d+% sure, by /);
      assert.ok((await Deno.stat(reader.file("model.onnx"))).size > 4 * 784 * 128);
    }),
});

Deno.test({
  name: "the commands for troubleshooting and the core's examples work",
  ignore: !unix,
  fn: () =>
    Reader.with(async (reader) => {
      const data = reader.file("data");
      await succeed(reader, RUN.fetchData, { DATA_DIR: data });
      assert.ok((await Deno.stat(join(data, "MNIST/raw/t10k-labels-idx1-ubyte"))).isFile);
      await succeed(reader, RUN.build);

      const metadata = join(reader.file("models"), "models_metadata.json");
      await Deno.mkdir(reader.file("models"));
      await Deno.writeTextFile(metadata, '[{"id": ');
      await Deno.writeTextFile(`${metadata}.bak`, "[]\n");
      assert.match(await succeed(reader, RUN.restoreModels), /^0 records are back/m);
      assert.equal(await Deno.readTextFile(metadata), "[]\n");

      const [xor, simpleNN, ...more] = RUN.examples.split("\n");
      assert.deepEqual(more, []);
      const [answers, accuracy] = await Promise.all([
        succeed(reader, xor),
        succeed(reader, simpleNN.replace("data/MNIST", join(data, "MNIST"))),
      ]);
      assert.match(answers, /answers/);
      assert.match(accuracy, /^9\d.* % of the test digits$/m);
      assert.ok((await Deno.stat(reader.file("simple_nn.pth"))).size > 4 * 784 * 128);
    }),
});

/**
 * Commands that cannot be run from within the tests, and why. Their tasks, files and options must exist.
 */
const ONLY_CHECKED: Readonly<Record<string, string>> = {
  [`${NPX_DENO} task test`]: "runs this test, among all others",
  [`${NPX_DENO} task compile\n`]:
    "downloads a runtime; scripts/binary/binary_test.ts compiles around this one and runs that",
  [`npx --offline --yes deno@2.9.6 task dev`]: "needs npx's cache; it is the first command, which is run above",
  "TRAINING_URL=https://lab.example ": "needs a proxy; proxy_test.ts runs it behind one",
  "deno test -A": "these tests run with all others",
};

Deno.test("every block of commands is run by a test", () => {
  const isKnown = ({ text }: Block) =>
    Object.values(RUN).includes(text) || Object.keys(ONLY_CHECKED).some((start) => `${text}\n`.startsWith(start));
  assert.deepEqual(blocks.filter((block) => !isKnown(block)), []);
  for (const start of Object.keys(ONLY_CHECKED)) {
    assert.ok(
      blocks.some(({ text }) => `${text}\n`.startsWith(start)),
      `no document has "${start}"; take it off the list`,
    );
  }
});

Deno.test("commands that are not run here name existing tasks, files and options", async () => {
  const lines = blocks.filter(({ language }) => language !== "js").flatMap(({ file, text }) =>
    text.split("\n").filter((line) => /\bdeno\b/.test(line)).map((line) => ({ file, text: line }))
  );
  for (const { file, text } of [...lines, ...Array.from(docs, ([path, doc]) => inlineCommandsOf(path, doc)).flat()]) {
    await assertExists(text, `${file}: ${text}`);
  }
});

async function assertExists(command: string, where: string): Promise<void> {
  const version = /deno@([\d.]+)/.exec(command)?.[1];
  if (version !== undefined) assert.equal(version, "2.9.6", where);
  const [, task, rest] = /\btask ([\w:-]+)(.*)/.exec(command) ?? [];
  let script = "";
  if (task !== undefined && task !== "…") {
    const found = (deno.tasks as Record<string, { command: string }>)[task];
    assert.ok(found !== undefined, `${where}: there is no such task`);
    script = /scripts\/\S+\.ts/.exec(found.command)?.[0] ?? "";
  }
  for (const [path] of command.matchAll(/\b(scripts|core|ui|protocol)\/[\w./]+/g)) {
    assert.ok(await isThere(path), `${where}: ${path} does not exist`);
    if (script === "" && path.endsWith(".ts")) script = path;
  }
  if (script === "" || task === "lab" || task === "compile:all") return;
  const source = await Deno.readTextFile(join(PROJECT_DIR, script));
  for (const [, option] of (rest ?? command).matchAll(/ --([a-z-]+)(?= |$)/g)) {
    if (task === undefined && /^(yes|allow-.*)$/.test(option)) continue;
    assert.match(source, new RegExp(`\\b${option}\\b`), `${where}: --${option} is unknown`);
  }
}

const isThere = (path: string) => Deno.stat(join(PROJECT_DIR, path)).then(() => true, () => false);
