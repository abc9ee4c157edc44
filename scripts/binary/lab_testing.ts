/** For tests: runs the lab as a binary would, in a folder of exactly the embedded files. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "../../service/testing/free_ports.ts";
import { compileLab, prepareContents } from "./compile.ts";
import { ENTRY, labArguments } from "./contents.ts";
import { type EmbeddedFile, embeddedFiles, unpack } from "./embedded_files.ts";

const START_MS = 60_000;
const POLL_MS = 10;

export interface Packed {
  files: EmbeddedFile[];
  /** Bytes that the lab adds to the runtime. */
  addedBytes: number;
}

/** Flags that keep Deno from loading modules from elsewhere. */
const OFFLINE = ["--cached-only", "--no-remote", "--node-modules-dir=manual"];

/** Compiles with Deno itself instead of its smaller runtime; the embedded files are the same. */
export async function packLab(folder: string): Promise<Packed> {
  const runtime = Deno.execPath(), output = join(folder, "mnist-lab");
  await prepareContents(() => {});
  await compileLab({ output, runtime });
  const binary = await Deno.readFile(output);
  return { files: embeddedFiles(binary), addedBytes: binary.length - (await Deno.stat(runtime)).size };
}

/** A machine with only the embedded files: no Deno cache, an empty home and an empty working directory. */
export class BareMachine {
  private constructor(private readonly folder: string, private readonly variables: Record<string, string>) {}

  static async with(files: readonly EmbeddedFile[], body: (machine: BareMachine) => Promise<void>): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "bare_machine_" });
    try {
      await unpack(files, join(folder, "lab"));
      for (const name of ["home", "work"]) await Deno.mkdir(join(folder, name));
      const [trainingPort, inferencePort] = freePorts(2);
      await body(
        new BareMachine(folder, {
          HOME: join(folder, "home"),
          DENO_DIR: join(folder, "home", "deno"),
          NO_COLOR: "1",
          MODELS_DIR: join(folder, "work", "models"),
          TRAINING_PORT: String(trainingPort),
          INFERENCE_PORT: String(inferencePort),
        }),
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  get trainingUrl(): string {
    return `http://127.0.0.1:${this.variables.TRAINING_PORT}`;
  }

  get inferenceUrl(): string {
    return `http://127.0.0.1:${this.variables.INFERENCE_PORT}`;
  }

  /** The path of a file in the working directory. */
  file(name: string): string {
    return join(this.folder, "work", name);
  }

  /** `mnist-lab` with these arguments, with a binary's permissions and without the network for modules. */
  command(...args: string[]): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: [
        ...labArguments(join(this.folder, "lab", ENTRY), undefined, OFFLINE),
        ...args,
      ],
      cwd: join(this.folder, "work"),
      clearEnv: true,
      env: this.variables,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  /** Sets an environment variable for the commands that follow. */
  setVariable(name: string, value: string): void {
    this.variables[name] = value;
  }

  async run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const { code, stdout, stderr } = await this.command(...args).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out, err };
  }

  /** Runs the services during `body`, which receives the time to the first page in ms, and makes sure that they end. */
  async serving(body: (startMs: number) => Promise<void>): Promise<{ code: number; out: string; err: string }> {
    const start = performance.now();
    const process = this.command("--no-open").spawn();
    const output = Promise.all([process.stdout, process.stderr].map((stream) => new Response(stream).text()));
    try {
      await answers(`${this.trainingUrl}/`, process);
      const startMs = performance.now() - start;
      await answers(`${this.inferenceUrl}/`, process);
      await body(startMs);
    } finally {
      try {
        process.kill("SIGTERM");
      } catch {
        // It has already ended.
      }
    }
    const { code } = await process.status;
    const [out, err] = await output;
    return { code, out, err };
  }
}

async function answers(url: string, process: Deno.ChildProcess): Promise<void> {
  const ended = process.status.then(({ code }) => {
    throw new Error(`the lab ended with exit code ${code}`);
  });
  ended.catch(() => {});
  for (const deadline = performance.now() + START_MS; performance.now() < deadline;) {
    const response = await Promise.race([fetch(url).catch(() => undefined), ended]);
    await response?.body?.cancel();
    if (response?.ok) return;
    await delay(POLL_MS);
  }
  throw new Error(`nothing answers at ${url}`);
}
