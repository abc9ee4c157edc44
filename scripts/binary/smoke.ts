/**
 * Tries a binary in an empty folder, as the release does on each platform: version, a training run, the list of models,
 * a drawing, and both pages. Exits 1 with the reason if something is wrong.
 *
 * Usage: deno run -A scripts/binary/smoke.ts BINARY
 */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../protocol/mod.ts";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writePng } from "../../inference_service/drawing/png/testing.ts";

const START_MS = 30_000;
const CONFIG = { ...DEFAULT_CONFIG, num_epochs: 1, hidden_layers_config: [64] };

const [binary] = Deno.args;
const folder = await Deno.makeTempDir({ prefix: "smoke_" });
const command = (...args: string[]) =>
  new Deno.Command(binary, { args, cwd: folder, stdin: "null", stdout: "piped", stderr: "inherit" });

async function run(...args: string[]): Promise<string> {
  const { code, stdout } = await command(...args).output();
  assert.equal(code, 0, `${args.join(" ")} ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

async function answers(url: string): Promise<string> {
  for (const deadline = performance.now() + START_MS; performance.now() < deadline; await delay(50)) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return await response.text();
    await response?.body?.cancel();
  }
  throw new Error(`nothing answers at ${url}`);
}

try {
  assert.match(await run("--version"), /^mnist-lab \d+\.\d+\.\d+ /);
  const { accuracy } = JSON.parse(await run("train", "--config", JSON.stringify(CONFIG)));
  assert.ok(accuracy > 85, `accuracy ${accuracy}`);
  assert.equal(JSON.parse(await run("models", "--json")).length, 1);
  const isInk = (x: number, y: number) => (y >= 60 && y < 80 && x >= 90 && x < 190) || (x >= 170 && x < 190 && y < 220);
  const sample = (x: number, y: number, c: number) => c === 3 ? 255 : isInk(x, y) && y >= 60 ? 0 : 255;
  await Deno.writeFile(join(folder, "seven.png"), writePng({ width: 280, height: 280, colour: 6, sample }));
  assert.match(await run("predict", "seven.png"), /^\d\n\d+\.\d+% sure, by model_simplenn_adam_/);

  const lab = command("--no-open").spawn();
  try {
    assert.match(await answers("http://127.0.0.1:8000/"), /Train/);
    assert.match(await answers("http://127.0.0.1:8001/"), /Draw/);
    assert.equal(JSON.parse(await answers("http://127.0.0.1:8000/healthz")).wasm_checks, "off");
  } finally {
    lab.kill(Deno.build.os === "windows" ? "SIGKILL" : "SIGTERM");
    await lab.output();
  }
  console.log(`${binary} works.`);
} finally {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
}
