/** Starts processes on a models folder, with the services' permissions, and keeps a ledger of their reports. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { modelKey, testWeights } from "../registry_testing.ts";
import { openRegistry } from "../../../service/files/open_registry.ts";

const WRITER = fileURLToPath(import.meta.resolve("./writer_child_testing.ts"));
const READER = fileURLToPath(import.meta.resolve("./reader_child_testing.ts"));

export type Action = "storing" | "replacing" | "removing";

/** The actions that a writer has reported as done, by `modelKey`, and its last action. */
export class Ledger {
  readonly stored = new Set<string>();
  readonly removed = new Set<string>();
  /** The model that all writers replace, as this writer last stored it. */
  shared: string | undefined;
  pending: { action: Action; key?: string } | undefined;

  hear(line: string): void {
    const [event, key] = line.split(" ");
    if (event === "storing" || event === "replacing" || event === "removing") {
      this.pending = { action: event, key };
      return;
    }
    if (event === "shared") {
      this.shared = key;
      return;
    }
    const old = this.pending?.key;
    if (old !== undefined) {
      this.stored.delete(old);
      this.removed.add(old);
    }
    if (event !== "removed") this.stored.add(key);
    this.pending = undefined;
  }
}

/** A writer with the permissions of the training service; see `writer_child_testing.ts` for the arguments. */
export function startWriter(folder: string, ...args: (string | number)[]): Deno.ChildProcess {
  const permissions = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...permissions, WRITER, folder, ...args.map(String)],
    stdout: "piped",
  }).spawn();
}

/** A reader with the permissions of the inference service; it runs until its stdin is closed. */
export function startReader(folder: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", `--allow-read=${folder}`, READER, folder],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

/** Calls `hear` with each complete line that the child prints, until it ends. */
export async function listen(child: Deno.ChildProcess, hear: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    lines.forEach(hear);
  }
}

/** Opens the folder again, checks that every file is as it was stored, and returns the keys of the models. */
export async function readAll(folder: string): Promise<Set<string>> {
  const registry = await openRegistry(folder, { write: true });
  const records = await registry.list();
  for (const record of records) {
    assert.deepEqual(await registry.readWeights(record), testWeights(Number(record.seed)), record.id);
  }
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => /\.lab-(tmp|removed)$/.test(name)), [], "opening has cleaned up");
  return new Set(records.map(modelKey));
}
