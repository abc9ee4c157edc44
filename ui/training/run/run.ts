import { batch, signal } from "@preact/signals";
import type { ClientMessage, ResumeRequest, RunSummary, ServerMessage, TrainConfig } from "../../../protocol/mod.ts";
import type { LabConnection, LabSocket } from "../../shared/wire/connection.ts";
import { RunStatus } from "./run_status.ts";

/** Delays before the attempts to reconnect, in ms; the last one repeats. */
const RETRY_DELAYS_MS = [250, 500, 1000, 2000, 4000];

/** When to ask again whether an ended run has a snapshot, in ms. */
const SNAPSHOT_DELAY_MS = 1500;

const NORMAL_CLOSURE = 1000;

const UNREACHABLE = "The training service cannot be reached. Check that it is running, then try again.";

/** The run that the page requests or follows, across reconnections. Needs no DOM. */
export class Run extends RunStatus {
  readonly #connection: LabConnection;
  #socket: LabSocket | undefined;
  /** Whether messages can be sent. */
  #isOpen = false;
  /** Increases with each socket; events of earlier ones are ignored. */
  #generation = 0;
  #cancelRetry = () => {};
  /** Attempts to reconnect since the last message. */
  #attempts = 0;
  /** Whether the user has agreed to replace a stored duplicate. */
  #overwrites = false;
  /** The drawing on the live pad in base64; null while there is none. */
  #watched: string | null = null;

  constructor(connection: LabConnection) {
    super();
    this.#connection = connection;
  }

  /** Asks the lab to train `config`. With `overwrites` a stored duplicate may be replaced without a question. */
  start(config: TrainConfig, overwrites = false): void {
    this.#leave();
    this.forget();
    this.config.value = config;
    this.#overwrites = overwrites;
    this.#request(config);
  }

  /** Asks the lab to resume the run where it stopped. Its curve and log continue, too. */
  resume(): void {
    const resume = this.resumable.value;
    if (resume === undefined || this.active.value) return;
    this.#leave();
    batch(() => {
      this.phase.value = "starting";
      this.id.value = this.reason.value = this.resumable.value = undefined;
    });
    this.#request({ resume });
  }

  /** Follows a run that the lab already knows. */
  follow(id: string): void {
    this.#leave();
    this.forget();
    this.id.value = id;
    this.#open(runPath(id));
  }

  /** Asks the lab to abort the run, as soon as there is a connection. */
  abort(): void {
    if (!this.active.value) return;
    this.phase.value = "stopping";
    this.#send({ type: "abort" });
  }

  /** Stops following; the run continues in the lab. */
  close(): void {
    this.#leave();
  }

  /** Answers the question whether the stored duplicate may be replaced. */
  answerOverwrite(value: boolean): void {
    if (this.phase.value !== "asking") return;
    this.keepsExisting = !value;
    this.phase.value = "starting";
    this.#send({ type: "overwrite", value });
  }

  /** Asks this run and the next ones to classify a drawing of 784 bytes while they train; undefined stops that. */
  watch(pixels: Uint8Array | undefined): void {
    this.#watched = pixels === undefined ? null : btoa(String.fromCharCode(...pixels));
    // While it trains, the next answer replaces the last one.
    if (pixels === undefined || !this.active.value) this.guess.value = undefined;
    this.#send({ type: "watch", pixels: this.#watched });
  }

  /** Stops following the run. */
  #leave(): void {
    this.#generation++;
    this.#cancelRetry();
    this.#socket?.close();
    this.#socket = undefined;
    this.#attempts = 0;
    this.keepsExisting = this.#overwrites = false;
    this.connected.value = true;
  }

  #request(first: TrainConfig | ResumeRequest): void {
    this.#open("/ws/train", () => {
      this.#send(first);
      if (this.phase.value === "stopping") this.#send({ type: "abort" });
    });
  }

  #open(path: string, whenOpen = () => {}): void {
    const generation = ++this.#generation;
    const isCurrent = () => generation === this.#generation;
    this.#isOpen = false;
    this.#socket = this.#connection.openSocket(path, {
      opened: () => {
        if (!isCurrent()) return;
        this.#isOpen = true;
        whenOpen();
        if (this.#watched !== null) this.#send({ type: "watch", pixels: this.#watched });
      },
      message: (text) => isCurrent() && batch(() => this.#handle(JSON.parse(text))),
      closed: (code) => isCurrent() && this.#closed(code),
    });
  }

  #send(message: ClientMessage | TrainConfig | ResumeRequest): void {
    if (this.#isOpen) this.#socket?.send(JSON.stringify(message));
  }

  #closed(code: number): void {
    const opened = this.#isOpen;
    this.#socket = undefined;
    this.#isOpen = false;
    if (!this.active.value) return;
    const id = this.id.value;
    if (code === NORMAL_CLOSURE && this.keepsExisting && this.phase.value !== "stopping") {
      this.end("kept");
    } else if (id === undefined) {
      this.end("failed", opened ? "The connection was lost before the training was accepted. Try again." : UNREACHABLE);
    } else {
      this.connected.value = false;
      this.#reconnect(id);
    }
  }

  #reconnect(id: string): void {
    const generation = this.#generation;
    const delay = RETRY_DELAYS_MS[Math.min(this.#attempts++, RETRY_DELAYS_MS.length - 1)];
    this.#cancelRetry = this.#connection.after(delay, async () => {
      const runs = await listRuns(this.#connection);
      if (generation !== this.#generation) return;
      if (runs === undefined) this.#reconnect(id);
      else if (runs.some((run) => run.id === id)) this.#open(runPath(id));
      else this.end("failed", "The lab no longer knows this run; it was probably restarted.");
    });
  }

  #handle(message: ServerMessage): void {
    this.receive(message);
    if (this.#overwrites) this.answerOverwrite(true);
    if (message.type === "history") {
      this.#attempts = 0;
      if (this.phase.value === "stopping") this.#send({ type: "abort" });
    }
    const end = message.type === "history" ? message.end : message;
    if ((end?.type === "aborted" || end?.type === "error") && end.resume === undefined) this.#askForSnapshot();
  }

  /** Asks again a little later, because a large snapshot is not saved yet when the abort is reported. */
  #askForSnapshot(): void {
    const id = this.id.value, generation = this.#generation;
    if (id === undefined || this.step.value === 0) return;
    this.#cancelRetry = this.#connection.after(SNAPSHOT_DELAY_MS, async () => {
      const runs = await listRuns(this.#connection);
      if (generation === this.#generation) this.resumable.value = runs?.find((run) => run.id === id)?.resume;
    });
  }
}

function runPath(id: string): string {
  return `/ws/runs/${encodeURIComponent(id)}`;
}

/** The lab's runs, newest first; undefined if the lab is unreachable. */
export async function listRuns(connection: LabConnection): Promise<RunSummary[] | undefined> {
  const reply = await connection.request("/api/runs").catch(() => undefined);
  return reply?.status === 200 && Array.isArray(reply.body) ? reply.body : undefined;
}

/** The most of the lab's other runs to follow at a time; each has a socket. */
const MOST = 4;

/** Runs besides the one that the page shows: those shown before, and those that the lab also trains or has queued. */
export class OtherRuns {
  /** Runs shown before come first, the latest of them at the start. */
  readonly list = signal<readonly Run[]>([]);
  readonly #connection: LabConnection;
  /** Ids of the runs that always stay. */
  readonly #kept = new Set<string>();

  constructor(connection: LabConnection) {
    this.#connection = connection;
  }

  /** Follows the run `id`, which the page has shown or whose curve belongs to the run that it shows. It always stays. */
  keep(id: string): void {
    this.remove(id);
    this.#kept.add(id);
    this.list.value = [this.#follow(id), ...this.list.value];
  }

  /** Follows another run of the lab, if there is room: one of them that has ended makes room. */
  add(id: string): void {
    if (this.#has(id)) return;
    const others = this.list.value.filter((run) => !this.#kept.has(run.id.value!));
    if (others.length >= MOST) {
      const ended = others.find(({ active }) => !active.value);
      if (ended === undefined) return;
      this.remove(ended.id.value!);
    }
    this.list.value = [...this.list.value, this.#follow(id)];
  }

  /** Stops following the run `id`. */
  remove(id: string): void {
    this.#kept.delete(id);
    for (const run of this.list.value) if (run.id.value === id) run.close();
    this.list.value = this.list.value.filter((run) => run.id.value !== id);
  }

  /** Whether the run `id` stays in the list however many others there are. */
  isKept(id: string): boolean {
    return this.#kept.has(id);
  }

  #has(id: string): boolean {
    return this.list.value.some((run) => run.id.value === id);
  }

  #follow(id: string): Run {
    const run = new Run(this.#connection);
    run.follow(id);
    return run;
  }
}
