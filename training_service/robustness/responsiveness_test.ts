/** Tests that the service answers while a training run uses every core. */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../protocol/mod.ts";
import { withDigits, withService } from "../testing/process.ts";

const REQUESTS = 50;
/** A slow machine with other tests running achieves this; an idle one takes a few milliseconds. */
const BOUND_MS = 500;

/** The heaviest shape among the page's presets, long enough to outlast the requests. */
const CONFIG = { ...DEFAULT_CONFIG, model_type: "ConvNN", num_epochs: 200, hidden_layers_config: [128] };

Deno.test("the service answers while a training run takes every core", async () => {
  await withDigits((dir) =>
    withService(dir, async ({ host, train }) => {
      const client = await train(CONFIG);
      await client.next("loss", () => true, 20_000);
      const times: number[] = [];
      for (let i = 0; i < REQUESTS; i++) {
        const asked = performance.now();
        const health = await (await fetch(`http://${host}/healthz`)).json();
        times.push(performance.now() - asked);
        assert.deepEqual([health.status, health.unfinished_runs], ["ok", 1]);
      }
      times.sort((a, b) => a - b);
      const median = times[REQUESTS / 2], max = times[REQUESTS - 1];
      console.log(`GET /healthz while training: median ${median.toFixed(1)} ms, max ${max.toFixed(1)} ms`);
      assert.ok(max < BOUND_MS, `the slowest answer took ${max} ms`);
    }, {})
  );
});
