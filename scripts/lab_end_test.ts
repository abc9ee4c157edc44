/** Tests how the command line's process ends while both services run in its threads. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DEFAULT_CONFIG, type ServerMessage } from "../protocol/mod.ts";
import { freePorts } from "../service/testing/free_ports.ts";
import { ENTRY, labArguments } from "./binary/contents.ts";
import { PROJECT_DIR } from "./lib/source_files.ts";

const unix = Deno.build.os !== "windows";
/** The documents promise this; three labs at once on two cores get twice as long. */
const END_MS = 2000;
const CONFIG = { ...DEFAULT_CONFIG, batch_size: 512, hidden_layers_config: [16] };

interface Lab {
  url: string;
  modelsDir: string;
  /** Asks the lab to end and returns its exit code. */
  end(signal: Deno.Signal): Promise<number>;
}

function start(modelsDir: string, [trainingPort, inferencePort]: readonly number[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...labArguments(join(PROJECT_DIR, ENTRY)), "--no-open"],
    // The lab chooses the device, because ending a thread that has looked for a GPU is the delicate case.
    env: {
      MODELS_DIR: modelsDir,
      TRAINING_PORT: String(trainingPort),
      INFERENCE_PORT: String(inferencePort),
      NO_COLOR: "1",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "lab_end_" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the lab during `body`, which begins once the lab reports that it is running. */
function withLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  return withFolder(async (modelsDir) => {
    const ports = freePorts(2), process = start(modelsDir, ports);
    const errors = new Response(process.stderr).text();
    const isUp = Promise.withResolvers<void>();
    const output = (async () => {
      let text = "";
      for await (const part of process.stdout.pipeThrough(new TextDecoderStream())) {
        text += part;
        if (text.includes("Ctrl+C ends it")) isUp.resolve();
      }
      isUp.reject(new Error(`the lab ended:\n${text}${await errors}`));
    })();
    isUp.promise.catch(() => {});
    const end = async (signal: Deno.Signal) => {
      process.kill(signal);
      return (await process.status).code;
    };
    try {
      await isUp.promise;
      await body({ url: `http://127.0.0.1:${ports[0]}`, modelsDir, end });
    } finally {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has already ended.
      }
      await Promise.all([process.status, output, errors]);
    }
  });
}

/** Starts a training run and waits for the first message of `type`; the socket stays open. */
async function train({ url }: Lab, num_epochs: number, type: ServerMessage["type"]): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/train`);
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ ...CONFIG, num_epochs }));
    socket.onclose = () => reject(new Error(`closed before "${type}" came`));
    socket.onmessage = ({ data }) => {
      const message: ServerMessage = JSON.parse(data);
      if (message.type === type) resolve();
      if (message.type === "error") reject(new Error(message.message));
    };
  });
  return socket;
}

async function endsWell(lab: Lab, signal: Deno.Signal, ms = 2 * END_MS): Promise<void> {
  const asked = performance.now();
  assert.equal(await lab.end(signal), 0);
  const waited = performance.now() - asked;
  assert.ok(waited < ms, `it took ${waited.toFixed(0)} ms to end`);
}

const filesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name);

Deno.test({
  name: "a lab that has trained or is training exits with code 0 and keeps what it trained",
  ignore: !unix,
  fn: async () => {
    // All at once, because a busy machine reveals more race conditions.
    await Promise.all([
      ...(["SIGTERM", "SIGINT"] as const).map((signal) =>
        withLab(async (lab) => {
          const socket = await train(lab, 1, "result");
          await endsWell(lab, signal);
          socket.close();
          assert.equal(filesIn(lab.modelsDir).filter((name) => name.endsWith(".pth")).length, 1);
        })
      ),
      withLab(async (lab) => {
        const socket = await train(lab, 200, "loss");
        const heard: string[] = [];
        const closed = new Promise((resolve) => socket.onclose = resolve);
        socket.onmessage = ({ data }) => heard.push(JSON.parse(data).type);
        await endsWell(lab, "SIGTERM");
        await closed;
        assert.equal(heard.at(-1), "aborted");
        const kept = filesIn(join(lab.modelsDir, "checkpoints")).filter((name) => name.endsWith(".safetensors"));
        assert.equal(kept.length, 1, "the run can be resumed");
      }),
    ]);
  },
});

Deno.test({
  name: "a lab that has trained ends within two seconds",
  ignore: !unix,
  fn: () =>
    withLab(async (lab) => {
      const socket = await train(lab, 1, "result");
      await endsWell(lab, "SIGTERM", END_MS);
      socket.close();
    }),
});

Deno.test("a service that cannot start ends the other one and says why in one line", () =>
  withFolder(async (modelsDir) => {
    const ports = freePorts(2);
    using _holder = Deno.listen({ hostname: "127.0.0.1", port: ports[1] });
    const { code, stdout, stderr } = await start(modelsDir, ports).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      new RegExp(`^inference service: port ${ports[1]} is in use; .*INFERENCE_PORT.*\n$`),
    );
    assert.doesNotMatch(new TextDecoder().decode(stdout), /is running/);
  }));
