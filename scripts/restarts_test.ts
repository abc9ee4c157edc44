/** Kills and restarts both services, run as processes, in any order. */
import assert from "node:assert/strict";
import type { ServerMessage } from "../protocol/mod.ts";
import { type ServiceProcess, withFolder, withService } from "./bench/service_process.ts";

const TRAINING_MS = 60_000;

/** Trains to the end and returns the model's id. */
function train({ url }: ServiceProcess, batch_size: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws/train`);
    const late = setTimeout(() => reject(new Error("the training takes too long")), TRAINING_MS);
    socket.onopen = () =>
      socket.send(JSON.stringify({
        model_type: "SimpleNN",
        optimizer: "Adam",
        learning_rate: 0.001,
        num_epochs: 1,
        batch_size,
        hidden_layers_config: [8],
        use_dropout: false,
      }));
    socket.onmessage = ({ data }) => {
      const message: ServerMessage = JSON.parse(data);
      if (message.type === "error") reject(new Error(message.message));
      if (message.type !== "result") return;
      socket.onclose = () => resolve(message.model_id);
      clearTimeout(late);
    };
  });
}

async function modelsOf({ url }: ServiceProcess): Promise<string[]> {
  return (await (await fetch(`${url}/api/models`)).json()).map(({ id }: { id: string }) => id);
}

Deno.test("after being killed and restarted in any order, both services know every model at once", () =>
  withFolder(async (modelsDir) => {
    let first = "", second = "";
    await withService("inference", modelsDir, async (inference) => {
      assert.deepEqual(await modelsOf(inference), []);
      await withService("training", modelsDir, async (training) => {
        first = await train(training, 512);
        assert.deepEqual(await modelsOf(inference), [first]);
      });
      // The training service was killed; the other does not need it.
      assert.deepEqual(await modelsOf(inference), [first]);
      await withService("training", modelsDir, async (training) => {
        assert.deepEqual(await modelsOf(training), [first]);
        second = await train(training, 511);
      });
    });
    await withService("training", modelsDir, async (training) => {
      await withService("inference", modelsDir, async (inference) => {
        for (const service of [training, inference]) assert.deepEqual(await modelsOf(service), [second, first]);
      });
    });
  }));
