/** For tests: a reader who types what the documents say, with ports and folders of their own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { freePorts } from "../../service/testing/free_ports.ts";
import { eventually } from "../../ui/testing/eventually.ts";
import { PROJECT_DIR } from "../lib/source_files.ts";

const START_MS = 60_000;
/** Files that the commands read or write besides the project's. The reader keeps them in a folder of its own. */
const FILES = /(?<![\w./-])(digit\.png|my_model\.pth|model\.onnx|simple_nn\.pth)\b/g;

export interface Output {
  code: number;
  out: string;
  err: string;
}

export class Reader {
  /** Replace the documents' default ports, and the ports that they use if the defaults are taken. */
  readonly ports = freePorts(4);

  private constructor(readonly folder: string) {}

  static async with(body: (reader: Reader) => Promise<void>): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "reader_" });
    try {
      await body(new Reader(folder));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  get trainingUrl(): string {
    return `http://127.0.0.1:${this.ports[0]}`;
  }

  /** The text with this Deno in place of the one that npx would fetch, and with the reader's ports and files. */
  adapt(text: string): string {
    const ports = new Map([8000, 8001, 8010, 8011].map((port, i) => [String(port), String(this.ports[i])]));
    return text
      .replaceAll(/npx --yes deno@[\d.]+/g, Deno.execPath())
      .replaceAll(/\b80[01][01]\b/g, (port) => ports.get(port)!)
      .replaceAll(FILES, (name) => this.file(name));
  }

  /** Runs a block in the project's folder and waits for its end. */
  async run(text: string, variables: Record<string, string> = {}): Promise<Output> {
    const { code, stdout, stderr } = await this.#command(text, variables).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out, err };
  }

  /** Starts a lab with a block's commands and sends Ctrl+C after `body`. The lab must then exit cleanly. */
  async serve(text: string, body: (output: () => string) => Promise<void>): Promise<void> {
    const process = this.#command(text, {}, true).spawn();
    let output = "";
    const keep = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const part of stream.pipeThrough(new TextDecoderStream())) output += part;
    };
    const finished = Promise.all([process.status, keep(process.stdout), keep(process.stderr)]);
    let ended = false;
    process.status.then(() => ended = true);
    try {
      await eventually(() => assert(ended || output.includes("Ctrl+C ends it"), output), START_MS);
      assert(!ended, `the lab did not start:\n${output}`);
      await body(() => output);
    } finally {
      if (!ended) Deno.kill(-process.pid, "SIGINT");
      const [{ code }] = await finished;
      assert.equal(code, 0, output);
    }
  }

  /** Uses `set -e`, so the block ends at the first command that fails. */
  #command(text: string, variables: Record<string, string>, detached = false): Deno.Command {
    return new Deno.Command("bash", {
      args: ["-ec", this.adapt(text)],
      cwd: PROJECT_DIR,
      env: {
        TRAINING_PORT: String(this.ports[0]),
        INFERENCE_PORT: String(this.ports[1]),
        MODELS_DIR: this.file("models"),
        NO_COLOR: "1",
        DEVICE: "wasm",
        ...variables,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached,
    });
  }
}
