import { join, resolve } from "node:path";
import { adoptTensors } from "../core/checkpoint/adopt_tensors.ts";
import { CheckpointError, readPth, writePth } from "../core/checkpoint/pth.ts";
import type { NamedTensor } from "../core/nn/model_spec.ts";
import { isDuplicate, type ModelConfig, type ModelRecord, ModelRecordSchema, validate } from "../protocol/mod.ts";
import { removeLeftovers, replaceFile } from "./atomic_file.ts";
import { checkpointFingerprint, checkpointPath, readCheckpointFile } from "./checkpoint_file.ts";
import { reasonOf, RegistryError } from "./errors.ts";
import { FolderLock } from "./folder_lock.ts";
import { type Entry, formatEntries, parseEntries, succeed, textField } from "./metadata.ts";
import { MetadataFile } from "./metadata_file.ts";
import { openFolder } from "./open_folder.ts";
import { specOf } from "./spec_of.ts";

const METADATA_NAME = "models_metadata.json";

/** What is known of a model before it is stored. Fields beyond these go into its record as they are. */
export interface NewModel extends ModelConfig {
  /** Per cent of the test digits. */
  accuracy: number;
  /** Seconds. */
  training_time: number;
  [field: string]: unknown;
}

export interface StoreOptions {
  /**
   * Id of the model whose place the new one takes, along with the fields of its record that this lab does not know. If it
   * is gone by then, the new one is added.
   */
  replaces?: string;
}

/**
 * The stored models: a folder with one `.pth` each and a metadata file that lists them. Several processes may use a
 * folder at once; what one has stored, every other sees at its next call.
 */
export class Registry {
  readonly #folder: string;
  readonly #metadata: MetadataFile;
  readonly #lock: FolderLock;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#metadata = new MetadataFile(join(folder, METADATA_NAME));
    this.#lock = new FolderLock(folder);
  }

  /**
   * Opens the folder `dir`, or creates it where its parent exists.
   *
   * @param options.write refuse a folder in which nothing can be stored, instead of failing once a model is trained
   * @throws RegistryError when the folder cannot be used
   */
  static async open(dir: string, options: { write?: boolean } = {}): Promise<Registry> {
    const folder = resolve(dir);
    await openFolder(folder);
    const registry = new Registry(folder);
    try {
      await registry.#lock.tryRun(() => removeLeftovers(folder));
    } catch (error) {
      // Whoever only reads needs no lock.
      if (options.write) throw new RegistryError(`cannot write to the models folder ${folder}: ${reasonOf(error)}`);
    }
    return registry;
  }

  /** All records, newest first. */
  async list(): Promise<ModelRecord[]> {
    return [...(await this.#metadata.read()).records];
  }

  async get(id: string): Promise<ModelRecord | undefined> {
    return (await this.#metadata.read()).byId.get(id);
  }

  /** The newest stored model that counts as the same as `config`. */
  async findDuplicate(config: ModelConfig): Promise<ModelRecord | undefined> {
    return (await this.#metadata.read()).records.find((record) => isDuplicate(record, config));
  }

  /**
   * The `.pth` of a model as it lies on disk.
   * @throws RegistryError that names the model when its file cannot be read
   */
  readCheckpoint(record: ModelRecord): Promise<Uint8Array<ArrayBuffer>> {
    return readCheckpointFile(checkpointPath(this.#folder, record.id, record.filename), record.id);
  }

  /**
   * Changes whenever the `.pth` of a model is written anew, by whichever program.
   * @throws RegistryError that names the model when its file cannot be looked at
   */
  async checkpointVersion(record: ModelRecord): Promise<string> {
    return await checkpointFingerprint(checkpointPath(this.#folder, record.id, record.filename), record.id);
  }

  /**
   * The weights of a model under this lab's names, whichever names the file gives them.
   * @throws RegistryError that names the model when its file is missing, damaged, or of another model
   */
  async readWeights(record: ModelRecord): Promise<NamedTensor[]> {
    const bytes = await this.readCheckpoint(record);
    try {
      return adoptTensors(readPth(bytes), specOf(record));
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      throw new RegistryError(`the file of model ${record.id}, ${record.filename}, cannot be used: ${error.message}`);
    }
  }

  /**
   * Stores a model under an id of its own and returns what this lab says of it. A crash at any moment leaves the folder as it was or
   * with the model complete; a `.pth` that no record names may stay behind.
   *
   * @throws RegistryError when the folder cannot be written or its metadata is damaged; nothing is listed then
   * @throws CheckpointError when `weights` do not fit the configuration
   */
  store(model: NewModel, weights: NamedTensor[], options: StoreOptions = {}): Promise<ModelRecord> {
    return this.#write("store a model", async () => {
      const tensors = adoptTensors(weights, specOf(model));
      const entries = await this.#readEntries();
      const record = await this.#nextRecord(model, entries);
      const path = join(this.#folder, record.filename);
      await replaceFile(path, writePth(tensors, record.id));
      const old = options.replaces === undefined
        ? -1
        : entries.findIndex((e) => textField(e, "id") === options.replaces);
      const changed = old < 0 ? [...entries, record] : entries.with(old, succeed(entries[old], record));
      try {
        await replaceFile(this.#metadata.path, new TextEncoder().encode(formatEntries(changed)));
      } catch (error) {
        await Deno.remove(path).catch(() => {});
        throw error;
      }
      if (old >= 0) await this.#removeCheckpoint(entries[old], changed);
      return record;
    });
  }

  /** Runs `task` as the only writer of the folder; what the system says against it becomes a message that names it. */
  async #write<T>(what: string, task: () => Promise<T>): Promise<T> {
    try {
      return await this.#lock.run(task);
    } catch (error) {
      if (error instanceof RegistryError || error instanceof CheckpointError) throw error;
      throw new RegistryError(`cannot ${what} in ${this.#folder}: ${reasonOf(error)}`, { cause: error });
    }
  }

  async #readEntries(): Promise<Entry[]> {
    const { text } = await this.#metadata.read();
    return parseEntries(text, this.#metadata.path);
  }

  async #nextRecord(model: NewModel, entries: readonly Entry[]): Promise<ModelRecord> {
    const timestamp = Math.floor(Date.now() / 1000);
    const base = `model_${model.model_type}_${model.optimizer}_${timestamp}`.toLowerCase();
    const taken = new Set(entries.map((entry) => textField(entry, "id")));
    let id = base;
    for (let n = 2; taken.has(id) || await exists(join(this.#folder, `${id}.pth`)); n++) id = `${base}_${n}`;
    const identity = { id, filename: `${id}.pth`, timestamp };
    return validate(ModelRecordSchema, { ...identity, ...model, ...identity }, "the record");
  }

  /** Removes the file of an entry that was replaced, unless another entry names it too. */
  async #removeCheckpoint(old: Entry, entries: readonly Entry[]): Promise<void> {
    const filename = textField(old, "filename");
    if (filename === undefined || entries.some((entry) => textField(entry, "filename") === filename)) return;
    try {
      await Deno.remove(checkpointPath(this.#folder, textField(old, "id") ?? "", filename));
    } catch {
      // A file that stays is only in the way, and failing now would tell the caller that nothing was stored.
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
