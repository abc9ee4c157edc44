/** Causes faults in the real training thread during a run. */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../protocol/mod.ts";
import { findAdapter } from "../../core/backends/open.ts";
import { eventually, withDigits } from "../testing/process.ts";
import { type OpenLab, withOpenLab } from "../testing/open_lab.ts";

const SCRIPT = new URL("./faulty_worker_testing.ts", import.meta.url);
const TRAINING_MS = 60_000;

const CONFIG = { ...DEFAULT_CONFIG, num_epochs: 4, batch_size: 512, hidden_layers_config: [8] };

/**
 * Checks that a run fails with a message like `told`, that lab and models are fine, and that the run can be resumed to
 * its end.
 */
async function failsAndGoesOn({ train, get }: OpenLab, config: object, told: RegExp) {
  const stored = (await get("/api/models")).body;
  const client = await train(config);
  const { message, resume } = await client.next("error", () => true, TRAINING_MS);
  assert.match(message, told);
  assert.doesNotMatch(message, /\.ts|file:/);
  assert.equal(await client.end(), 1000);
  // The run is over once its places are free, a moment after the client hears of it.
  await eventually(async () => {
    const { status, body } = await get("/healthz");
    return status === 200 && body.unfinished_runs === 0 ? body : undefined;
  });
  assert.deepEqual((await get("/api/models")).body, stored);

  assert.ok(resume, "it can resume from its last snapshot");
  // Even if it was lost on a GPU.
  const again = await train({ resume, device: "wasm" });
  const { model_id } = await again.next("result", () => true, TRAINING_MS);
  assert.deepEqual((await get("/api/models")).body.map(({ id }: { id: string }) => id), [
    model_id,
    ...stored.map(({ id }: { id: string }) => id),
  ]);
}

/** Silences the log, because these faults are expected. */
async function quietly(body: () => Promise<void>) {
  const { error } = console;
  console.error = () => {};
  try {
    await body();
  } finally {
    console.error = error;
  }
}

const WORKER_FAULTS = {
  crashes: { seed: 1, told: /^The training broke down and could not go on\. The next one starts afresh\.$/ },
  "runs out of memory": { seed: 2, told: /^There is not enough memory for this training; a smaller batch or narrower/ },
};

for (const [what, { seed, told }] of Object.entries(WORKER_FAULTS)) {
  Deno.test(`a worker that ${what} during a run: the error says so, nothing is lost, and the run resumes`, () =>
    quietly(() =>
      withDigits((dir) => withOpenLab(dir, (lab) => failsAndGoesOn(lab, { ...CONFIG, seed }, told), SCRIPT))
    ));
}

Deno.test({
  name: "a GPU that is lost during a run: the error says so, nothing is lost, and the run resumes",
  ignore: await findAdapter() === undefined,
  fn: () =>
    quietly(() =>
      withDigits((dir) =>
        withOpenLab(dir, async (lab) => {
          await failsAndGoesOn(lab, { ...CONFIG, seed: 3, device: "webgpu" }, /^The training failed: the GPU was lost/);
        }, SCRIPT)
      )
    ),
});
