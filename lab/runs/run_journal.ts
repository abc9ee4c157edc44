/**
 * Notes of runs that a process has accepted and of which nothing else is stored yet, so that they can be reported as
 * lost after a crash: `runs/<process>/<run id>.json` in the models folder. A process holds the lock of its own folder
 * while it lives. Opening the journal takes over the notes of processes that are gone.
 */
import { type HistoryMessage, RunHistorySchema, validate } from "../../protocol/mod.ts";
import { type Folder, isMissing, type Log } from "../host.ts";

const FOLDER = "runs";
const FILE = /^([\w-]+)\.json$/;
/** Number of lost runs to remember. */
const MAX_LOST = 100;

const MAX_NOTE_BYTES = 2 ** 20;
/** How many dead processes' notes to look for at a start; the others are left to the next start. */
const MAX_ADOPTED = 100;

/** The message with which a lost run ends. */
const MESSAGE = "The service ended before anything of this training was kept. Start it again.";

/** The notes that one process keeps about its runs. */
export class RunJournal {
  readonly #all: Folder;
  readonly #name: string;
  readonly #folder: Folder;
  readonly #log: Log;
  readonly #lost = new Map<string, HistoryMessage>();
  readonly #release: () => void;
  /** Changes are made one after the other, so that a note is never removed before it is written. */
  #last: Promise<void> = Promise.resolve();

  private constructor(all: Folder, name: string, folder: Folder, log: Log, release: () => void) {
    this.#all = all;
    this.#name = name;
    this.#folder = folder;
    this.#log = log;
    this.#release = release;
  }

  /**
   * Starts the journal of this process in the models folder `models`, and takes over the notes of processes that are
   * gone.
   *
   * @throws {FileError} when the folder cannot be used
   */
  static async open(models: Folder, log: Log): Promise<RunJournal> {
    const all = models.subfolder(FOLDER);
    await all.create();
    const name = crypto.randomUUID();
    const own = all.subfolder(name);
    await own.create();
    const journal = new RunJournal(all, name, own, log, await own.lock.hold());
    let count = 0;
    for await (const { name: other, isFile } of all.list()) {
      if (isFile || other === name) continue;
      await journal.#adopt(all, other);
      if (++count === MAX_ADOPTED) break;
    }
    return journal;
  }

  /** Lost runs, newest first. */
  get lost(): HistoryMessage[] {
    return [...this.#lost.values()].sort((a, b) => b.run.created - a.run.created);
  }

  find(id: string): HistoryMessage | undefined {
    return this.#lost.get(id);
  }

  /** Notes a run. If the note cannot be written, it is only missing after a crash. */
  add(history: HistoryMessage): Promise<void> {
    return this.#change(() => this.#write({ ...history, losses: [] }));
  }

  /** Removes the note of a run that has ended or of which more has been stored. */
  remove(id: string): Promise<void> {
    return this.#change(() => this.#folder.remove(nameOf(id)));
  }

  /** Leaves existing notes to the next process, and no folder if there are none. */
  async close(): Promise<void> {
    await this.#last;
    try {
      await removeIfEmpty(this.#all, this.#name, this.#folder);
    } catch (error) {
      this.#log.debug("the folder of this process's runs stays", { reason: (error as Error).message });
    }
    this.#release();
  }

  #change(change: () => Promise<void>): Promise<void> {
    return this.#last = this.#last.then(change).catch((error) => {
      if (!isMissing(error)) this.#log.warn("a run could not be noted", { reason: (error as Error).message });
    });
  }

  async #write(history: HistoryMessage): Promise<void> {
    await this.#folder.replace(nameOf(history.run.id), new TextEncoder().encode(JSON.stringify(history)));
  }

  /** Takes over the notes of a process, unless it is alive. */
  async #adopt(all: Folder, name: string): Promise<void> {
    const folder = all.subfolder(name);
    try {
      await folder.lock.tryRun(async () => {
        for await (const { name: file, isFile } of folder.list()) {
          if (isFile && FILE.test(file)) await this.#adoptNote(folder, file);
        }
        await folder.removeLeftovers();
        await removeIfEmpty(all, name, folder);
      });
    } catch (error) {
      // Another process is taking them over, or there are files of another program.
      this.#log.debug("notes of runs stay where they are", { reason: (error as Error).message });
    }
  }

  async #adoptNote(folder: Folder, file: string): Promise<void> {
    const history = parse(await folder.read(file, MAX_NOTE_BYTES));
    if (history !== undefined && this.#lost.size < MAX_LOST) {
      const lost = asLost(history);
      await this.#write(lost);
      this.#lost.set(lost.run.id, lost);
    }
    await folder.remove(file);
  }
}

/** Removes the folder `name` of a process, unless there are notes in it. Needs its lock. */
async function removeIfEmpty(all: Folder, name: string, folder: Folder): Promise<void> {
  for await (const { name: file } of folder.list()) if (file !== ".lock") return;
  await folder.remove(".lock");
  await all.remove(name);
}

function nameOf(id: string): string {
  return `${id}.json`;
}

function parse(bytes: Uint8Array): HistoryMessage | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return { ...validate(RunHistorySchema, value, "The note") as Omit<HistoryMessage, "type">, type: "history" };
  } catch {
    return undefined;
  }
}

function asLost(history: HistoryMessage): HistoryMessage {
  const run = {
    ...history.run,
    state: "failed" as const,
    message: MESSAGE,
    place: undefined,
    resume: undefined,
    ended: history.run.ended ?? history.run.created,
  };
  return { ...history, run, exists: undefined, end: { type: "error", message: MESSAGE } };
}
