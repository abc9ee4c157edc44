import { ModelFileError } from "../../core/formats/errors.ts";
import { readPth } from "../../core/formats/pth/reader.ts";
import { writePth } from "../../core/formats/pth/writer.ts";
import { adoptTensors } from "../../core/formats/recognise/known_model.ts";
import type { ModelSpec, NamedTensor } from "../../core/models/spec.ts";
import {
  convolutionsOf,
  isStoredDuplicate,
  isUsual,
  type ModelConfig,
  type ModelRecord,
  ModelRecordSchema,
  validate,
  valueOf,
} from "../../protocol/mod.ts";
import type { Folder, LockMemory } from "../host.ts";
import { notBefore } from "./clock.ts";
import { DuplicateError, reasonOf, RegistryError } from "./errors.ts";
import {
  announcedRemovals,
  announceRemoval,
  finishRemoval,
  isPlainPth,
  PthFile,
  type PthStream,
  readHistory,
  removeHistory,
  removeHistoryLeftovers,
  writeHistory,
} from "./model_files.ts";
import { type Entry, entryOf, succeed } from "./metadata/metadata.ts";
import { MetadataFile } from "./metadata/metadata_file.ts";

/** A model before it is stored. Fields beyond these go into its record as they are. */
export interface NewModel extends ModelConfig {
  /** Per cent of the test digits. */
  accuracy: number;
  /** Seconds. */
  training_time: number;
  [field: string]: unknown;
}

/** What storing a model may do to other models. */
export interface StoreOptions {
  /**
   * Id of the model that the new one replaces, keeping the fields of its record that this lab does not know. If that
   * model is gone by then, the new one is added.
   */
  replaces?: string;
  /**
   * What to do if, when the model is stored, the newest model with the same configuration is not `replaces`: throw a
   * `DuplicateError`, or replace it. By default both are kept.
   */
  onDuplicate?: "refuse" | "replace";
  /**
   * Called when the folder's lock is held but nothing has been written yet; from then on the model is stored. If it
   * throws, the attempt ends with that error.
   */
  onBegin?(): void;
  /** Ends the wait for the lock. */
  signal?: AbortSignal;
  /** Returns the history of the training, which is stored as JSON with the model and removed with it. */
  history?(record: ModelRecord): unknown;
}

/** How to open the models folder. */
export interface RegistryOptions {
  /** Refuse a folder to which nothing can be written, instead of failing once a model is trained. */
  write?: boolean;
}

/**
 * The stored models: a folder with a `.pth` for each and a metadata file that lists them. Several processes may use a
 * folder at once; models stored by one are visible to the others at their next call.
 */
export class Registry {
  readonly #folder: Folder;
  readonly #metadata: MetadataFile;

  private constructor(folder: Folder) {
    this.#folder = folder;
    this.#metadata = new MetadataFile(folder);
  }

  /**
   * Opens an existing folder and finishes the work of writers that died.
   *
   * @throws {RegistryError} when the folder cannot be used
   */
  static async open(folder: Folder, options: RegistryOptions = {}): Promise<Registry> {
    const registry = new Registry(folder);
    try {
      await folder.lock.tryRun(() => registry.#cleanUp());
    } catch (error) {
      // Readers need no lock.
      if (options.write) {
        throw new RegistryError(`cannot write to the models folder ${folder.path}: ${reasonOf(error)}`);
      }
    }
    return registry;
  }

  /** @throws {RegistryError} that says why models cannot be read at present */
  async checkReadable(): Promise<void> {
    try {
      for await (const _ of this.#folder.list()) break;
    } catch (error) {
      throw new RegistryError(`cannot read the models folder ${this.#folder.path}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    await this.#metadata.read();
  }

  /**
   * A message if storing has to wait; undefined if it does not.
   *
   * @throws {RegistryError} that says why models cannot be stored at present
   */
  async checkWritable(): Promise<string | undefined> {
    await this.checkReadable();
    try {
      return await this.#folder.lock.check();
    } catch (error) {
      throw new RegistryError(`cannot write to the models folder ${this.#folder.path}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Says which entries of the metadata are not models; undefined if all are. Such entries are left alone. */
  async describeStrangers(): Promise<string | undefined> {
    return (await this.#metadata.read()).strangers;
  }

  /** All records, newest first. */
  async list(): Promise<ModelRecord[]> {
    return [...(await this.#metadata.read()).records];
  }

  async get(id: string): Promise<ModelRecord | undefined> {
    return (await this.#metadata.read()).byId.get(id);
  }

  /** The newest stored model that is a duplicate of `config`. A model that was trained further has no equal. */
  async findDuplicate(config: ModelConfig): Promise<ModelRecord | undefined> {
    return (await this.#metadata.read()).records.find((record) => isStoredDuplicate(record, config));
  }

  /**
   * The stored `.pth` of a model.
   * @throws {RegistryError} that names the model when its file cannot be read
   */
  async readPth(record: ModelRecord): Promise<Uint8Array<ArrayBuffer>> {
    return await new PthFile(this.#folder, record).read();
  }

  /**
   * Opens the `.pth` of a model as a stream.
   * @throws {RegistryError} that names the model when its file cannot be read
   */
  async openPth(record: ModelRecord): Promise<PthStream> {
    return await new PthFile(this.#folder, record).open();
  }

  /**
   * A text that changes whenever any program rewrites the `.pth` of a model.
   * @throws {RegistryError} that names the model when its file cannot be accessed
   */
  async pthVersion(record: ModelRecord): Promise<string> {
    return await new PthFile(this.#folder, record).fingerprint();
  }

  /**
   * Reads the weights of a model under this lab's names, whatever names the file uses.
   * @throws {RegistryError} that names the model when its file is missing, damaged, or of another model
   */
  async readWeights(record: ModelRecord): Promise<NamedTensor[]> {
    const bytes = await this.readPth(record);
    try {
      return adoptTensors(readPth(bytes), specOf(record));
    } catch (error) {
      if (!(error instanceof ModelFileError)) throw error;
      throw new RegistryError(`the file of model ${record.id}, ${record.filename}, cannot be used: ${error.message}`);
    }
  }

  /**
   * Stores a model under a new id and returns its record. After a crash at any moment the folder is either unchanged or
   * has the complete model; a `.pth` that no record names may be left behind.
   *
   * @throws {RegistryError} when the folder cannot be written or its metadata is damaged; nothing is listed then
   * @throws {ModelFileError} when `weights` do not fit the configuration
   * @throws {DuplicateError} if `options.onDuplicate` asks for it
   * @throws the reason of `options.signal` when it aborts before the lock is there
   */
  store(model: NewModel, weights: NamedTensor[], options: StoreOptions = {}): Promise<ModelRecord> {
    return this.#write("store a model", async (memory) => {
      const tensors = adoptTensors(weights, specOf(model));
      const replaces = await this.#settleDuplicate(model, options);
      options.onBegin?.();
      const entries = await this.#readEntries();
      const record = await this.#nextRecord(model, entries, memory);
      await this.#folder.replace(record.filename, writePth(tensors, record.id));
      if (options.history) await this.#storeHistory(record, options.history(record));
      const old = replaces === undefined ? -1 : entries.findIndex(({ id }) => id === replaces);
      const changed = old < 0 ? [...entries, entryOf(record)] : entries.with(old, succeed(entries[old], record));
      try {
        await this.#replaceEntries(changed, old < 0 ? [] : [entries[old]], { urgent: false });
      } catch (error) {
        await this.#folder.remove(record.filename).catch(() => {});
        await removeHistory(this.#folder, record.filename).catch(() => {});
        throw error;
      }
      return record;
    }, options.signal);
  }

  /**
   * Reads the history that was stored with a model; undefined if none was.
   * @throws {RegistryError} that names the file when it cannot be read
   */
  async readHistory(record: ModelRecord): Promise<unknown> {
    new PthFile(this.#folder, record); // Refuses a name that leads outside the folder.
    return await readHistory(this.#folder, record.filename);
  }

  /**
   * Removes a model from the list, for every process at once, and then its file. After a crash in between, the next
   * process that opens the folder for writing removes the file. Returns false if there is no such model.
   *
   * @throws {RegistryError} when the folder cannot be written or its metadata is damaged; the model is then still
   * listed
   */
  remove(id: string): Promise<boolean> {
    return this.#write(`remove model ${id}`, async () => {
      const entries = await this.#readEntries();
      const [gone, kept] = partition(entries, (entry) => entry.id === id);
      if (gone.length === 0) return false;
      // The user may remove models because the disk is full.
      await this.#replaceEntries(kept, gone, { urgent: true });
      return true;
    });
  }

  async #storeHistory(record: ModelRecord, history: unknown): Promise<void> {
    try {
      await writeHistory(this.#folder, record.filename, history);
    } catch (error) {
      await this.#folder.remove(record.filename).catch(() => {});
      throw error;
    }
  }

  /** Runs `task` as the only writer of the folder. System errors become `RegistryError`s that name the folder. */
  async #write<T>(what: string, task: (memory: LockMemory) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await this.#folder.lock.run(task, signal);
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw error;
      const isOurs = [RegistryError, ModelFileError, DuplicateError].some((kind) => error instanceof kind);
      if (isOurs) throw error;
      throw new RegistryError(`cannot ${what} in ${this.#folder.path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** The id of the model that a new one replaces, if any. */
  async #settleDuplicate(model: NewModel, { replaces, onDuplicate }: StoreOptions): Promise<string | undefined> {
    const duplicate = onDuplicate && await this.findDuplicate(model);
    if (duplicate === undefined || duplicate.id === replaces) return replaces;
    if (onDuplicate === "refuse") throw new DuplicateError(duplicate);
    return duplicate.id;
  }

  async #readEntries(): Promise<readonly Entry[]> {
    return (await this.#metadata.read()).entries;
  }

  /**
   * No id is used twice, not even if its model was removed within the same second: a reader that knows the old record
   * must not find the new model's weights under it. If the clock was set back, the latest second is used again.
   */
  async #nextRecord(model: NewModel, entries: readonly Entry[], memory: LockMemory): Promise<ModelRecord> {
    const [second, ...ids] = (await memory.read()).split("\n");
    const timestamp = Math.floor(notBefore(1000 * (Number(second) || 0)) / 1000);
    const base = `model_${model.model_type}_${model.optimizer}_${timestamp}`.toLowerCase();
    const givenNow = second === `${timestamp}` ? ids : [];
    const taken = new Set([...entries.map((entry) => entry.id), ...givenNow]);
    let id = base;
    for (let n = 2; taken.has(id) || await this.#folder.has(`${id}.pth`); n++) id = `${base}_${n}`;
    await memory.write([timestamp, ...givenNow, id].join("\n"));
    const identity = { id, filename: `${id}.pth`, timestamp };
    return validate(ModelRecordSchema, { ...identity, ...model, ...identity }, "the record");
  }

  /** Writes the metadata, then removes the files of `gone` that it no longer names. */
  async #replaceEntries(
    entries: readonly Entry[],
    gone: readonly Entry[],
    options: { urgent: boolean },
  ): Promise<void> {
    const announced: string[] = [];
    try {
      for (const { filename } of gone) {
        if (filename === undefined || !isPlainPth(filename) || isNamedBy(entries, filename)) continue;
        announced.push(filename);
        await announceRemoval(this.#folder, filename);
      }
      await this.#metadata.write(entries, options);
    } finally {
      // If the metadata could not be written, it still names the files, and only the notes are removed.
      await this.#finishRemovals(announced);
    }
  }

  /** Removes files left behind by writers that died. Needs the lock, so that no writer is active. */
  async #cleanUp(): Promise<void> {
    await this.#folder.removeLeftovers();
    await removeHistoryLeftovers(this.#folder);
    await this.#finishRemovals(await announcedRemovals(this.#folder));
  }

  /** Finishes removals; those that fail are left to the next process that opens the folder. */
  async #finishRemovals(filenames: readonly string[]): Promise<void> {
    if (filenames.length === 0) return;
    try {
      const entries = await this.#readEntries();
      for (const filename of filenames) await finishRemoval(this.#folder, filename, isNamedBy(entries, filename));
    } catch {
      // Unreadable metadata may name any file, so none is removed.
    }
  }
}

function isNamedBy(entries: readonly Entry[], filename: string): boolean {
  return entries.some((entry) => entry.filename === filename);
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [yes: T[], no: T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

const CONVOLUTION_FIELDS = ["conv_channels", "conv_kernels", "conv_padding"] as const;

/**
 * The spec of a configuration or a stored record: what the engine needs to name and shape every parameter. Add a field that
 * changes the network here, too.
 */
export function specOf(
  config: ModelConfig,
): ModelSpec {
  const hasUsualConvolutions = CONVOLUTION_FIELDS.every((name) => isUsual(config, name));
  return {
    modelType: config.model_type,
    hiddenLayers: config.hidden_layers_config,
    ...(hasUsualConvolutions ? {} : { convolutions: convolutionsOf(config) }),
    ...(isUsual(config, "activation") ? {} : { activation: valueOf(config, "activation") }),
    dropout: config.use_dropout ? config.dropout_p : undefined,
  };
}
