/**
 * Snapshots of unfinished runs, each with everything needed to resume: `checkpoints/<run id>.safetensors` in the models
 * folder.
 */
import { ModelFileError } from "../../core/formats/errors.ts";
import {
  headLength,
  type Metadata,
  readMetadata,
  readSafetensors,
  safetensorsParts,
} from "../../core/formats/safetensors.ts";
import type { NamedTensor } from "../../core/models/spec.ts";
import { type RunSnapshot, RunSnapshotSchema, validate } from "../../protocol/mod.ts";
import { type Folder, isMissing } from "../host.ts";
import { notBefore } from "../models/clock.ts";
import { reasonOf, RegistryError } from "../models/errors.ts";

const FOLDER = "checkpoints";
const FILE = /^([\w-]+)\.safetensors$/;
/** The field of a file's metadata that holds everything but the tensors, as JSON. */
const KEY = "mnist_lab_run";
const DEFAULT_MAX = 10;
/** Weights, two moments and a better copy of the largest model have half of it. */
const MAX_BYTES = 2 ** 30;
/**
 * A snapshot written this recently may belong to a run of another process, which writes one at least every few minutes.
 */
const RECENT_MS = 60 * 60 * 1000;

/** A snapshot without its tensors, or a message that says why it cannot be read. */
export type SavedRun = { snapshot: RunSnapshot } | { fault: string };

/**
 * The snapshots in one models folder. Their list is kept in memory; tensors are read when they are needed.
 *
 * Several processes may use one folder, and each run is written by one of them. A process that makes room leaves the
 * files of others alone for an hour after they were written, because such a run may be in progress, or a user may be
 * about to resume it. During that time the folder may hold more than `max`.
 */
export class RunSnapshots {
  readonly #folder: Folder;
  readonly #max: number;
  readonly #saved = new Map<string, SavedRun>();
  /** The latest snapshot that could not be written, and the one on disk of the same run. */
  #unwritten?: { id: string; tensors: readonly NamedTensor[]; written?: SavedRun; wasRead: boolean };
  /** Runs whose snapshots this process has written. */
  readonly #own = new Set<string>();
  /** Runs that are about to be resumed. */
  readonly #held = new Set<string>();

  private constructor(folder: Folder, max: number) {
    this.#folder = folder;
    this.#max = max;
  }

  /**
   * Finds the snapshots that earlier services left in the models folder `models`.
   *
   * @param max snapshots to keep; older ones are removed when a newer one comes, unless another process wrote them
   * recently
   * @throws {RegistryError} if the folder exists but cannot be read
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
        throw new RegistryError(`cannot use the folder of run snapshots ${folder.path}: ${reasonOf(error)}; allow it`);
      }
    }
    return snapshots;
  }

  /** The snapshots that can be read, newest first. */
  list(): RunSnapshot[] {
    return [...this.#saved.values()].flatMap((saved) => "snapshot" in saved ? [saved.snapshot] : [])
      .sort((a, b) => b.saved - a.saved);
  }

  find(id: string): SavedRun | undefined {
    return this.#saved.get(id);
  }

  /** Whether the run `id` can be resumed from its snapshot and nobody is about to resume it. */
  canResume(id: string): boolean {
    const saved = this.#saved.get(id);
    return saved !== undefined && !("snapshot" in saved && saved.snapshot.diverged) && !this.#held.has(id);
  }

  /**
   * Keeps the snapshot of `id` until it is released, however many newer ones come. Returns false if it is already held.
   */
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
   * Replaces the previous snapshot of the same run. A snapshot that cannot be written is kept in memory (one for all
   * runs), so that the training is not lost until there is room again.
   *
   * @throws {RegistryError} when the folder cannot be written
   */
  async save({ saved, ...rest }: RunSnapshot, tensors: readonly NamedTensor[]): Promise<void> {
    const { id } = rest.history.run;
    // The newest is removed last, even if the clock was set back.
    const latest = this.list().find(({ history }) => history.run.id !== id)?.saved ?? 0;
    const snapshot: RunSnapshot = { ...rest, saved: notBefore(latest + 1, saved) };
    try {
      // Does not create the models folder: if that is gone, a disk was unplugged, and anything written now would be
      // hidden once it is back.
      await this.#folder.create();
      const parts = safetensorsParts(tensors, { [KEY]: JSON.stringify(snapshot) });
      await this.#folder.lock.run(() => this.#folder.replace(nameOf(id), ...parts));
    } catch (error) {
      this.#keepInMemory(id, snapshot, tensors);
      throw new RegistryError(`cannot keep a snapshot in ${this.#folder.path}: ${reasonOf(error)}`, { cause: error });
    }
    if (this.#unwritten?.id === id) this.#unwritten = undefined;
    this.#saved.set(id, { snapshot });
    this.#own.add(id);
    // Runs that cannot be resumed are removed first.
    const others = this.list().sort((a, b) => Number(a.diverged ?? false) - Number(b.diverged ?? false))
      .map(({ history }) => history.run.id).filter((other) => other !== id);
    for (const old of others.slice(this.#max - 1)) if (await this.#isSpare(old)) await this.remove(old);
  }

  async #isSpare(id: string): Promise<boolean> {
    if (this.#held.has(id)) return false;
    if (this.#own.has(id)) return true;
    const written = await this.#lastWritten(id);
    // A file with a future time is not recent: the clock was set back.
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
   * Reads the tensors of a run's snapshot.
   *
   * @throws {RegistryError} that names the file
   */
  async read(id: string): Promise<NamedTensor[]> {
    if (this.#unwritten?.id === id) {
      this.#unwritten.wasRead = true;
      return [...this.#unwritten.tensors];
    }
    const path = this.#folder.pathOf(nameOf(id));
    try {
      return readSafetensors(await this.#folder.read(nameOf(id), MAX_BYTES)).tensors;
    } catch (error) {
      const reason = error instanceof ModelFileError ? error.message : reasonOf(error);
      throw new RegistryError(`cannot read the snapshot ${path}: ${reason}`, { cause: error });
    }
  }

  /** Forgets a run's snapshot and removes its file. A file that cannot be removed only takes up space. */
  async remove(id: string): Promise<void> {
    if (this.#unwritten?.id === id) this.#unwritten = undefined;
    this.#own.delete(id);
    if (this.#saved.delete(id)) await this.#folder.remove(nameOf(id)).catch(() => {});
  }

  /** Replaces the snapshot in memory, unless it is about to be resumed. */
  #keepInMemory(id: string, snapshot: RunSnapshot, tensors: readonly NamedTensor[]) {
    // A mere history must not replace weights.
    if (snapshot.diverged) return;
    const other = this.#unwritten;
    if (other !== undefined && other.id !== id) {
      if (this.#held.has(other.id) && !other.wasRead) return;
      if (other.written === undefined) this.#saved.delete(other.id);
      else this.#saved.set(other.id, other.written);
    }
    const written = other?.id === id ? other.written : this.#saved.get(id);
    this.#unwritten = { id, tensors, written, wasRead: false };
    this.#saved.set(id, { snapshot });
  }
}

function nameOf(id: string): string {
  return `${id}.safetensors`;
}

async function readHead(folder: Folder, id: string): Promise<SavedRun> {
  const path = folder.pathOf(nameOf(id));
  try {
    const snapshot = parse(readMetadata(await readHeadBytes(folder, id)));
    const found = snapshot.history.run.id;
    return found === id ? { snapshot } : { fault: `${path} holds a snapshot of another run, ${found}` };
  } catch (error) {
    return { fault: `the snapshot ${path} cannot be used: ${reasonOf(error)}` };
  }
}

function parse(metadata: Metadata): RunSnapshot {
  if (metadata[KEY] === undefined) throw new ModelFileError(`its metadata has no ${KEY}`);
  const snapshot = validate(RunSnapshotSchema, JSON.parse(metadata[KEY]), KEY);
  return snapshot as typeof snapshot & RunSnapshot;
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
