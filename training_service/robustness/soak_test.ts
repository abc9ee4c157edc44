/** Many short runs in one process, most of them aborted, must not leave anything behind. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { withDigits, withService } from "../testing/process.ts";

const isLong = Deno.env.get("LAB_LONG") === "1";
/** The first runs compile programs and fill caches. */
const WARM_UP = isLong ? 20 : 5;
const RUNS = isLong ? 200 : 8;
/** Resident memory that may be added after the warm-up, in long runs too: garbage is collected late. */
const MAX_GROWTH = 96 * 2 ** 20;
const MAX_RUN_MS = 60_000;
/** The runtime keeps idle threads for file access for ten seconds. */
const SETTLE_MS = 12_000;

interface Handles {
  files: number;
  threads: number;
  bytes: number;
}

function handlesOf(pid: number): Handles {
  const count = (folder: string) => [...Deno.readDirSync(`/proc/${pid}/${folder}`)].length;
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return { files: count("fd"), threads: count("task"), bytes: 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) };
}

/** The lowest count within a while, because sockets close with a short delay. */
async function settled(pid: number, isEnough: (handles: Handles) => boolean): Promise<Handles> {
  let fewest = handlesOf(pid);
  for (const deadline = performance.now() + SETTLE_MS; performance.now() < deadline && !isEnough(fewest);) {
    await delay(100);
    const now = handlesOf(pid);
    fewest = {
      files: Math.min(fewest.files, now.files),
      threads: Math.min(fewest.threads, now.threads),
      bytes: Math.min(fewest.bytes, now.bytes),
    };
  }
  return fewest;
}

Deno.test({
  name: `${RUNS} short runs in a row, aborted at random moments, leave no thread, no file and no memory behind`,
  // The handles of a process can be counted on Linux only.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const seed = Math.floor(Math.random() * 2 ** 31);
    let state = seed;
    const random = () => (state = (1103515245 * state + 12345) % 2 ** 31) / 2 ** 31;
    console.log(`seed ${seed}`);
    await withDigits((dir) =>
      withService(dir, async ({ process, train }) => {
        const ends = { result: 0, aborted: 0 };
        const runOnce = async (index: number) => {
          const client = await train({
            model_type: "SimpleNN",
            optimizer: ["Adam", "SGD", "RMSprop", "AdamW"][index % 4],
            // Not a duplicate, which would cause a question.
            learning_rate: 0.0001 * (1 + index),
            num_epochs: 1 + index % 2,
            batch_size: 256,
            hidden_layers_config: [8 + index % 3],
            use_dropout: index % 2 === 1,
          });
          await client.next("accepted");
          if (index % 4 !== 0) {
            await delay(random() * 600);
            if (client.socket.readyState === WebSocket.OPEN) client.send({ type: "abort" });
          }
          await Promise.race([client.closed, delay(MAX_RUN_MS, undefined, { ref: false })]);
          const last = client.messages.at(-1)?.type;
          assert.ok(
            last === "result" || last === "aborted",
            `run ${index} ended with ${JSON.stringify(client.messages.at(-1))}`,
          );
          ends[last]++;
        };
        for (let i = 0; i < WARM_UP; i++) await runOnce(i);
        const before = await settled(process.pid, () => false);
        for (let i = 0; i < RUNS; i++) await runOnce(WARM_UP + i);
        const isAsBefore = ({ files, threads, bytes }: Handles) =>
          files <= before.files && threads <= before.threads && bytes < before.bytes + MAX_GROWTH;
        const after = await settled(process.pid, isAsBefore);
        const growth = (after.bytes - before.bytes) / 2 ** 20;
        console.log(`${ends.result} stored, ${ends.aborted} aborted; ${growth.toFixed(1)} MiB more`, before, after);
        assert.ok(ends.result > 0 && ends.aborted > 0);
        assert.ok(after.files <= before.files, `${after.files - before.files} files more`);
        assert.ok(after.threads <= before.threads, `${after.threads - before.threads} threads more`);
        assert.ok(after.bytes - before.bytes < MAX_GROWTH, `${growth} MiB more`);
      })
    );
  },
});
