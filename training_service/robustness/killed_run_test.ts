/** What is left of a run after the real service was killed and restarted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunSummary } from "../../protocol/mod.ts";
import { eventually, foldersOf, withDigits, withService } from "../testing/process.ts";

const CONFIG = {
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.002,
  num_epochs: 200,
  batch_size: 64,
  hidden_layers_config: [48, 24],
  use_dropout: true,
  dropout_p: 0.2,
};

/** A snapshot is written every ten seconds. */
const SNAPSHOT_MS = 40_000;

Deno.test("a service that is killed leaves a run that can be resumed, once a snapshot was due", async () => {
  await withDigits(async (dir) => {
    let id = "";
    await withService(dir, async (service) => {
      const client = await service.train(CONFIG);
      id = (await client.next("accepted")).run_id;
      const snapshot = join(foldersOf(dir).modelsDir, "checkpoints", `${id}.safetensors`);
      await eventually(() => Deno.stat(snapshot).catch(() => undefined), SNAPSHOT_MS);
      await service.kill();
    });
    await withService(dir, async (service) => {
      const [run]: RunSummary[] = await (await fetch(`http://${service.host}/api/runs`)).json();
      assert.deepEqual([run.id, run.state, run.resume], [id, "failed", id]);
      assert.match(run.message!, /stopped at step [\d,]+ of [\d,]+, when the service ended/);
      const client = await service.train({ resume: id });
      assert((await client.next("loss")).step > run.step);
    });
  });
});
