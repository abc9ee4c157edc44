/** Tests what is left of a run after the real service was killed and restarted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_CONFIG, type RunSummary } from "../../protocol/mod.ts";
import { eventually, foldersOf, withDigits, withService } from "../testing/process.ts";

const CONFIG = {
  ...DEFAULT_CONFIG,
  learning_rate: 0.002,
  num_epochs: 200,
  hidden_layers_config: [48, 24],
  use_dropout: true,
  dropout_p: 0.2,
};

/** A snapshot is written every ten seconds. */
const SNAPSHOT_MS = 40_000;
/** For most of that time the process is stopped: its clock goes on, and training meanwhile would only cost time. */
const STOPPED_MS = 9000;

Deno.test("a killed service leaves a run that can be resumed, once a snapshot was due", async () => {
  await withDigits(async (dir) => {
    let id = "";
    await withService(dir, async (service) => {
      const client = await service.train(CONFIG);
      id = (await client.next("accepted")).run_id;
      const snapshot = join(foldersOf(dir).modelsDir, "checkpoints", `${id}.safetensors`);
      await client.next("loss");
      if (Deno.build.os !== "windows") {
        service.process.kill("SIGSTOP");
        await delay(STOPPED_MS);
        service.process.kill("SIGCONT");
      }
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

Deno.test("a run that was queued when the service was killed is reported as lost after the restart", async () => {
  await withDigits(async (dir) => {
    const ids: string[] = [];
    await withService(dir, async (service) => {
      for (const seed of [1, 2]) ids.push((await (await service.train({ ...CONFIG, seed })).next("accepted")).run_id);
      const waits = await service.connect(`/ws/runs/${ids[1]}`);
      assert.equal((await waits.next("history")).run.state, "queued");
      const notes = join(foldersOf(dir).modelsDir, "runs");
      await eventually(async () => {
        const [process] = await Array.fromAsync(Deno.readDir(notes));
        const names = (await Array.fromAsync(Deno.readDir(join(notes, process.name)))).map(({ name }) => name);
        return ids.every((id) => names.includes(`${id}.json`)) || undefined;
      });
      await service.kill();
    });
    await withService(dir, async (service) => {
      const runs: RunSummary[] = await (await fetch(`http://${service.host}/api/runs`)).json();
      const lost = runs.find(({ id }) => id === ids[1])!;
      assert.equal(lost.state, "failed");
      assert.match(lost.message!, /^The service ended before anything of this training was kept/);
      assert.equal(lost.config.num_epochs, CONFIG.num_epochs);
      const client = await service.connect(`/ws/runs/${ids[1]}`);
      assert.equal((await client.next("history")).end?.type, "error");
      assert.equal(await client.end(), 1000);
    });
  });
});
