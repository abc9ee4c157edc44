/** Shared code for tests of the registry. */
import { join } from "node:path";
import { type NamedTensor, parameterSpecs } from "../../core/models/spec.ts";
import { DEFAULT_CONFIG, type ModelRecord } from "../../protocol/mod.ts";
import { RegistryError } from "./errors.ts";
import { type NewModel, specOf } from "./registry.ts";

export const testModel: NewModel = {
  ...DEFAULT_CONFIG,
  batch_size: 32,
  num_epochs: 1,
  hidden_layers_config: [4],
  use_dropout: true,
  accuracy: 94.1,
  training_time: 36.86,
};

/** Weights for `testModel` that are all `value`. */
export function testWeights(value: number): NamedTensor[] {
  return parameterSpecs(specOf(testModel)).map(({ name, shape }) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
  }));
}

/** Identifies a stored model by id and seed, so that a test notices an id that is used twice. */
export const modelKey = ({ id, seed }: ModelRecord) => `${id}:${seed}`;

/** Runs `test` with a fresh folder and removes it afterwards. */
export async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "registry_" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The metadata and its backup, which exist after a store. */
export const METADATA = ["models_metadata.json", "models_metadata.json.bak"];
export const metadataOf = (folder: string) => join(folder, "models_metadata.json");
export const readMetadata = (folder: string): ModelRecord[] => JSON.parse(Deno.readTextFileSync(metadataOf(folder)));
export const filesIn = (folder: string) => [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
export const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof RegistryError && pattern.test(error.message);

/** A record as another program may have written it. */
export function foreignRecord(fields: Record<string, unknown>): Record<string, unknown> {
  return { ...testModel, id: "foreign", filename: "foreign.pth", timestamp: 1_600_000_000, ...fields };
}
