import { batch } from "@preact/signals";
import type { ClientMessage, ResumeRequest, RunSummary, ServerMessage, TrainConfig } from "../../../protocol/mod.ts";
import type { LabConnection, LabSocket } from "../../shared/wire/connection.ts";
import { RunStatus } from "./run_status.ts";

/** Waiting times before each attempt to find a lost run again, in ms; the last one repeats. */
const RETRY_DELAYS = [250, 500, 1000, 2000, 4000];

/** When to ask for a checkpoint that was not there yet at the end of its run, in ms. */
const CHECKPOINT_DELAY = 1500;

const NORMAL_CLOSURE = 1000;

export const UNREACHABLE = "The training service cannot be reached. Check that it is running, then try again.";

/** One training as this page asks for it and follows it, whichever socket tells of it. Knows no DOM. */
export class Run extends RunStatus {
  readonly #connection: LabConnection;
  #socket: LabSocket | undefined;
  /** Whether the socket takes messages yet. */
  #isOpen = false;
  /** Events of sockets of an earlier generation are ignored. */
  #generation = 0;
  #cancelRetry = () => {};
  /** Attempts to find the run again since it was last heard of. */
  #attempts = 0;
  /** The drawing that the lab is asked about while it trains, as it travels. */
  #watched: string | null = null;

  constructor(connection: LabConnection) {
    super();
    this.#connection = connection;
  }

  /** Asks the lab to train `config`. */
  start(config: TrainConfig): void {
    this.#leave();
    this.forget();
    this.config.value = config;
    this.#open("/ws/train", () => {
      this.#send(config);
      if (this.phase.value === "stopping") this.#send({ type: "abort" });
    });
  }

  /** Asks the lab to go on where the run stopped. The curve and the log go on too. */
  resume(): void {
    const resume = this.resumable.value;
    if (resume === undefined || this.active.value) return;
    this.#leave();
    batch(() => {
      this.phase.value = "starting";
      this.id.value = this.reason.value = this.resumable.value = undefined;
    });
    this.#open("/ws/train", () => {
      this.#send({ resume });
      if (this.phase.value === "stopping") this.#send({ type: "abort" });
    });
  }

  /** Follows a run that the lab already knows. */
  follow(id: string): void {
    this.#leave();
    this.forget();
    this.id.value = id;
    this.#open(runPath(id));
  }

  /** Asks for the end of the run; while there is no connection, as soon as there is one. */
  abort(): void {
    if (!this.active.value) return;
    this.phase.value = "stopping";
    this.#send({ type: "abort" });
  }

  /** Answers the question whether the stored duplicate may be replaced. */
  answerOverwrite(value: boolean): void {
    if (this.phase.value !== "asking") return;
    this.keepsExisting = !value;
    this.phase.value = "starting";
    this.#send({ type: "overwrite", value });
  }

  /** Has the model asked about 784 bytes of ink for as long as it trains, in this run and in the next ones; undefined: no more. */
  watch(pixels: Uint8Array | undefined): void {
    this.#watched = pixels === undefined ? null : btoa(String.fromCharCode(...pixels));
    // While it trains, the next answer takes the place of the last.
    if (pixels === undefined || !this.active.value) this.guess.value = undefined;
    this.#send({ type: "watch", pixels: this.#watched });
  }

  /** Nothing more is heard of the run so far. */
  #leave(): void {
    this.#generation++;
    this.#cancelRetry();
    this.#socket?.close();
    this.#socket = undefined;
    this.#attempts = 0;
    this.keepsExisting = false;
    this.connected.value = true;
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
      message: (text) => isCurrent() && batch(() => this.#hear(JSON.parse(text))),
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
      this.end("failed", opened ? "The connection broke before the lab took the training. Try again." : UNREACHABLE);
    } else {
      this.connected.value = false;
      this.#findAgain(id);
    }
  }

  #findAgain(id: string): void {
    const generation = this.#generation;
    const delay = RETRY_DELAYS[Math.min(this.#attempts++, RETRY_DELAYS.length - 1)];
    this.#cancelRetry = this.#connection.after(delay, async () => {
      const runs = await listRuns(this.#connection);
      if (generation !== this.#generation) return;
      if (runs === undefined) this.#findAgain(id);
      else if (runs.some((run) => run.id === id)) this.#open(runPath(id));
      else this.end("failed", "The lab no longer knows this run; it was probably restarted.");
    });
  }

  #hear(message: ServerMessage): void {
    this.receive(message);
    if (message.type === "history") {
      this.#attempts = 0;
      if (this.phase.value === "stopping") this.#send({ type: "abort" });
    }
    const end = message.type === "history" ? message.end : message;
    if ((end?.type === "aborted" || end?.type === "error") && end.resume === undefined) this.#askForCheckpoint();
  }

  /** A large state takes longer to keep than an abort may: then the lab is asked a little later. */
  #askForCheckpoint(): void {
    const id = this.id.value, generation = this.#generation;
    if (id === undefined || this.step.value === 0) return;
    this.#cancelRetry = this.#connection.after(CHECKPOINT_DELAY, async () => {
      const runs = await listRuns(this.#connection);
      if (generation === this.#generation) this.resumable.value = runs?.find((run) => run.id === id)?.resume;
    });
  }
}

function runPath(id: string): string {
  return `/ws/runs/${encodeURIComponent(id)}`;
}

/** The lab's runs, newest first; undefined when it cannot be asked. */
export async function listRuns(connection: LabConnection): Promise<RunSummary[] | undefined> {
  const reply = await connection.request("/api/runs").catch(() => undefined);
  return reply?.status === 200 && Array.isArray(reply.body) ? reply.body : undefined;
}
