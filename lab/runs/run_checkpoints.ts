/** Runs that did not finish, each with all that it takes to go on: `checkpoints/<run id>.safetensors` in the models folder. */
import { join, resolve } from "node:path";
import { ModelFileError } from "../../core/formats/errors.ts";
import {
  headLength,
  type Metadata,
  readMetadata,
  readSafetensors,
  safetensorsParts,
} from "../../core/formats/safetensors.ts";
import type { NamedTensor } from "../../core/models/spec.ts";
import { type RunCheckpoint, RunCheckpointSchema, validate, ValidationError } from "../../protocol/mod.ts";
import { removeLeftovers, replaceFile } from "../../service/files/atomic_file.ts";
import { notBefore } from "../models/clock.ts";
import { reasonOf, RegistryError } from "../models/errors.ts";
import { FolderLock } from "../../service/files/folder_lock.ts";

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
export class RunCheckpoints {
  readonly #folder: string;
  readonly #lock: FolderLock;
  readonly #max: number;
  readonly #saved = new Map<string, SavedRun>();
  /** The latest that could not be written, and what is on disk of the same run. */
  #unwritten?: { id: string; tensors: readonly NamedTensor[]; written?: SavedRun; wasRead: boolean };
  /** Runs whose checkpoint this process has written. */
  readonly #own = new Set<string>();
  /** Runs whose checkpoint somebody is about to need. */
  readonly #held = new Set<string>();

  private constructor(folder: string, max: number) {
    this.#folder = folder;
    this.#lock = new FolderLock(folder);
    this.#max = max;
  }

  /**
   * Finds what earlier services left in `modelsDir`.
   *
   * @param max checkpoints to keep; older ones go when a newer comes, unless another process wrote them lately
   * @throws RegistryError when the folder is there and cannot be read
   */
  static async open(modelsDir: string, max = DEFAULT_MAX): Promise<RunCheckpoints> {
    const folder = join(resolve(modelsDir), FOLDER);
    const checkpoints = new RunCheckpoints(folder, max);
    try {
      for await (const { name, isFile } of Deno.readDir(folder)) {
        const id = isFile ? FILE.exec(name)?.[1] : undefined;
        if (id !== undefined) checkpoints.#saved.set(id, await readHead(checkpoints.#pathOf(id), id));
      }
      await checkpoints.#lock.tryRun(() => removeLeftovers(folder));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        throw new RegistryError(`cannot use the folder of checkpoints ${folder}: ${reasonOf(error)}; allow it`);
      }
    }
    return checkpoints;
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
      await makeFolder(this.#folder);
      const parts = safetensorsParts(tensors, { [KEY]: JSON.stringify(checkpoint) });
      await this.#lock.run(() => replaceFile(this.#pathOf(id), ...parts));
    } catch (error) {
      this.#keepInMemory(id, checkpoint, tensors);
      throw new RegistryError(`cannot keep a checkpoint in ${this.#folder}: ${reasonOf(error)}`, { cause: error });
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
    const written = await Deno.stat(this.#pathOf(id)).then(({ mtime }) => mtime?.getTime(), () => undefined);
    // Nor is one of the future recent: the clock was set back.
    return written === undefined || Math.abs(Date.now() - written) > RECENT_MS;
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
    const path = this.#pathOf(id);
    try {
      return readSafetensors(await Deno.readFile(path)).tensors;
    } catch (error) {
      const reason = error instanceof ModelFileError ? error.message : reasonOf(error);
      throw new RegistryError(`cannot read the checkpoint ${path}: ${reason}`, { cause: error });
    }
  }

  /** What cannot be removed is in nobody's way but the disk's. */
  async remove(id: string): Promise<void> {
    if (this.#unwritten?.id === id) this.#unwritten = undefined;
    this.#own.delete(id);
    if (this.#saved.delete(id)) await Deno.remove(this.#pathOf(id)).catch(() => {});
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

  #pathOf(id: string): string {
    return join(this.#folder, `${id}.safetensors`);
  }
}

/** Not the one above it: where that is gone, a disk was unplugged, and what is written now would be hidden once it is back. */
async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

async function readHead(path: string, id: string): Promise<SavedRun> {
  try {
    const checkpoint = parse(readMetadata(await readHeadBytes(path)));
    const found = checkpoint.history.run.id;
    return found === id ? { checkpoint } : { fault: `${path} holds a checkpoint of another run, ${found}` };
  } catch (error) {
    const isFault = error instanceof ModelFileError || error instanceof ValidationError ||
      error instanceof SyntaxError;
    return { fault: `the checkpoint ${path} cannot be used: ${isFault ? error.message : reasonOf(error)}` };
  }
}

function parse(metadata: Metadata): RunCheckpoint {
  if (metadata[KEY] === undefined) throw new ModelFileError(`its metadata has no ${KEY}`);
  const checkpoint = validate(RunCheckpointSchema, JSON.parse(metadata[KEY]), KEY);
  return checkpoint as typeof checkpoint & RunCheckpoint;
}

async function readHeadBytes(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const first = await readUpTo(file, 8);
  const rest = await readUpTo(file, headLength(first) - 8);
  const head = new Uint8Array(first.length + rest.length);
  head.set(first);
  head.set(rest, first.length);
  return head;
}

async function readUpTo(file: Deno.FsFile, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
