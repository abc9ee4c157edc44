/** Runs that did not finish, each with all that it takes to go on: `checkpoints/<run id>.safetensors` in the models folder. */
import { ModelFileError } from "../../core/formats/errors.ts";
import {
  headLength,
  type Metadata,
  readMetadata,
  readSafetensors,
  safetensorsParts,
} from "../../core/formats/safetensors.ts";
import type { NamedTensor } from "../../core/models/spec.ts";
import { type RunCheckpoint, RunCheckpointSchema, validate } from "../../protocol/mod.ts";
import { type Folder, isMissing, notBefore } from "../host.ts";
import { reasonOf, RegistryError } from "../models/errors.ts";

const FOLDER = "checkpoints";
const FILE = /^([\w-]+)\.safetensors$/;
/** The text of a file's metadata that holds everything besides the tensors. */
const KEY = "mnist_lab_run";
const DEFAULT_MAX = 10;
/** A run under way writes every ten seconds, or every few minutes where its state is huge. */
const RECENT_MS = 60 * 60 * 1000;

/** A checkpoint without its tensors, or why it cannot be read. */
export type SavedRun = { checkpoint: RunCheckpoint } | { fault: string };

/**
 * Known by heart, so that nobody waits for a disk to hear what there is; the tensors are read when they are needed.
 *
 * Several processes may use one folder. Each run has one process that writes its checkpoint; another process that makes room
 * leaves that file alone for an hour after it was last written, as its run may be under way, or was aborted just now and
 * somebody is about to go on with it. So a folder may hold more than `max` for that time.
 */
export class RunSnapshots {
  readonly #folder: Folder;
  readonly #max: number;
  readonly #saved = new Map<string, SavedRun>();
  /** The latest that could not be written, and what is on disk of the same run. */
  #unwritten?: { id: string; tensors: readonly NamedTensor[]; written?: SavedRun; wasRead: boolean };
  /** Runs whose checkpoint this process has written. */
  readonly #own = new Set<string>();
  /** Runs whose checkpoint somebody is about to need. */
  readonly #held = new Set<string>();

  private constructor(folder: Folder, max: number) {
    this.#folder = folder;
    this.#max = max;
  }

  /**
   * Finds what earlier services left in the models folder `models`.
   *
   * @param max snapshots to keep; older ones go when a newer comes, unless another process wrote them lately
   * @throws {RegistryError} when the folder is there and cannot be read
   */
  static async open(models: Folder, max = DEFAULT_MAX): Promise<RunSnapshots> {
    const folder = models.subfolder(FOLDER);
    const snapshots = new RunSnapshots(folder, max);
    try {
      for await (const { name, isFile } of folder.list()) {
        const id = isFile ? FILE.exec(name)?.[1] : undefined;
        if (id !== undefined) snapshots.#saved.set(id, await readHead(folder, id));
      }
      await folder.lock.tryRun(() => folder.removeLeftovers());
    } catch (error) {
      if (!isMissing(error)) {
        throw new RegistryError(`cannot use the folder of checkpoints ${folder.path}: ${reasonOf(error)}; allow it`);
      }
    }
    return snapshots;
  }

  /** Those that can be read, newest first. */
  list(): RunCheckpoint[] {
    return [...this.#saved.values()].flatMap((saved) => "checkpoint" in saved ? [saved.checkpoint] : [])
      .sort((a, b) => b.saved - a.saved);
  }

  find(id: string): SavedRun | undefined {
    return this.#saved.get(id);
  }

  /** Keeps the checkpoint of `id` until it is released, however many newer ones come; false when somebody else does so. */
  hold(id: string): boolean {
    if (this.#held.has(id)) return false;
    this.#held.add(id);
    return true;
  }

  release(id: string): void {
    this.#held.delete(id);
  }

  isHeld(id: string): boolean {
    return this.#held.has(id);
  }

  /**
   * Takes the place of what was kept of the same run before; who dies meanwhile leaves that. Where it cannot be written it is
   * kept in memory, one for all runs, so that what was trained is not lost before somebody has made room.
   *
   * @throws RegistryError when the folder cannot be written
   */
  async save({ saved, ...rest }: RunCheckpoint, tensors: readonly NamedTensor[]): Promise<void> {
    const { id } = rest.history.run;
    // The newest goes last, whatever became of the clock.
    const latest = this.list().find(({ history }) => history.run.id !== id)?.saved ?? 0;
    const checkpoint: RunCheckpoint = { ...rest, saved: notBefore(latest + 1, saved) };
    try {
      // Not the one above it: where that is gone, a disk was unplugged, and what is written now would be hidden once it is back.
      await this.#folder.create();
      const parts = safetensorsParts(tensors, { [KEY]: JSON.stringify(checkpoint) });
      await this.#folder.lock.run(() => this.#folder.replace(nameOf(id), ...parts));
    } catch (error) {
      this.#keepInMemory(id, checkpoint, tensors);
      throw new RegistryError(`cannot keep a checkpoint in ${this.#folder.path}: ${reasonOf(error)}`, { cause: error });
    }
    if (this.#unwritten?.id === id) this.#unwritten = undefined;
    this.#saved.set(id, { checkpoint });
    this.#own.add(id);
    const others = this.list().map(({ history }) => history.run.id).filter((other) => other !== id);
    for (const old of others.slice(this.#max - 1)) if (await this.#isSpare(old)) await this.remove(old);
  }

  async #isSpare(id: string): Promise<boolean> {
    if (this.#held.has(id)) return false;
    if (this.#own.has(id)) return true;
    const written = await this.#lastWritten(id);
    // Nor is one of the future recent: the clock was set back.
    return written === undefined || Math.abs(Date.now() - written) > RECENT_MS;
  }

  async #lastWritten(id: string): Promise<number | undefined> {
    try {
      return (await this.#folder.state(nameOf(id))).modified;
    } catch {
      return undefined;
    }
  }

  /**
   * The tensors of a run's checkpoint.
   *
   * @throws RegistryError that names the file
   */
  async read(id: string): Promise<NamedTensor[]> {
    if (this.#unwritten?.id === id) {
      this.#unwritten.wasRead = true;
      return [...this.#unwritten.tensors];
    }
    const path = this.#folder.pathOf(nameOf(id));
    try {
      return readSafetensors(await this.#folder.read(nameOf(id))).tensors;
    } catch (error) {
      const reason = error instanceof ModelFileError ? error.message : reasonOf(error);
      throw new RegistryError(`cannot read the checkpoint ${path}: ${reason}`, { cause: error });
    }
  }

  /** What cannot be removed is in nobody's way but the disk's. */
  async remove(id: string): Promise<void> {
    if (this.#unwritten?.id === id) this.#unwritten = undefined;
    this.#own.delete(id);
    if (this.#saved.delete(id)) await this.#folder.remove(nameOf(id)).catch(() => {});
  }

  /** In the place of the one that is kept so, unless somebody waits to go on with that. */
  #keepInMemory(id: string, checkpoint: RunCheckpoint, tensors: readonly NamedTensor[]) {
    const other = this.#unwritten;
    if (other !== undefined && other.id !== id) {
      if (this.#held.has(other.id) && !other.wasRead) return;
      if (other.written === undefined) this.#saved.delete(other.id);
      else this.#saved.set(other.id, other.written);
    }
    const written = other?.id === id ? other.written : this.#saved.get(id);
    this.#unwritten = { id, tensors, written, wasRead: false };
    this.#saved.set(id, { checkpoint });
  }
}

function nameOf(id: string): string {
  return `${id}.safetensors`;
}

async function readHead(folder: Folder, id: string): Promise<SavedRun> {
  const path = folder.pathOf(nameOf(id));
  try {
    const checkpoint = parse(readMetadata(await readHeadBytes(folder, id)));
    const found = checkpoint.history.run.id;
    return found === id ? { checkpoint } : { fault: `${path} holds a checkpoint of another run, ${found}` };
  } catch (error) {
    return { fault: `the checkpoint ${path} cannot be used: ${reasonOf(error)}` };
  }
}

function parse(metadata: Metadata): RunCheckpoint {
  if (metadata[KEY] === undefined) throw new ModelFileError(`its metadata has no ${KEY}`);
  const checkpoint = validate(RunCheckpointSchema, JSON.parse(metadata[KEY]), KEY);
  return checkpoint as typeof checkpoint & RunCheckpoint;
}

async function readHeadBytes(folder: Folder, id: string): Promise<Uint8Array> {
  using file = await folder.open(nameOf(id));
  const first = await file.read(8);
  const rest = await file.read(headLength(first) - 8);
  const head = new Uint8Array(first.length + rest.length);
  head.set(first);
  head.set(rest, first.length);
  return head;
}
