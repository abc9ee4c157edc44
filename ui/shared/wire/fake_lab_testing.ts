/** A lab for tests, which send messages through its sockets, set its replies and move its clock. */
import type { LabConnection, LabSocket, Reply, SocketEvents } from "./connection.ts";

/** A socket whose other end is the test. */
export class FakeSocket implements LabSocket {
  readonly path: string;
  /** What the page sent, decoded. */
  readonly sent: unknown[] = [];
  closedByPage = false;
  readonly #events: SocketEvents;

  constructor(path: string, events: SocketEvents) {
    this.path = path;
    this.#events = events;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closedByPage = true;
  }

  /** Completes the handshake. */
  open(): void {
    this.#events.opened();
  }

  /** Sends messages as the service. */
  say(...messages: object[]): void {
    for (const message of messages) this.#events.message(JSON.stringify(message));
  }

  /** Ends the connection; 1006 is a loss, 1000 a normal end. */
  drop(code = 1006): void {
    this.#events.closed(code);
  }
}

/** The lab's service and clock. It is unreachable except for the replies and files that the test sets. */
export class FakeLab implements LabConnection {
  readonly sockets: FakeSocket[] = [];
  readonly requests: { path: string; post?: unknown }[] = [];
  /** Paths that the page asked to delete. */
  readonly removed: string[] = [];
  /** Timers that have not fired. */
  readonly timers: { milliseconds: number; callback: () => void }[] = [];
  /** Downloads by path; the others are unreachable. */
  readonly files = new Map<string, Uint8Array>();
  /** Replies by path, those to deletions by `DELETE path`; the others are unreachable. */
  readonly replies = new Map<string, Reply | Promise<Reply>>();

  /** The socket that the page opened last. */
  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1];
  }

  openSocket(path: string, events: SocketEvents): LabSocket {
    const socket = new FakeSocket(path, events);
    this.sockets.push(socket);
    return socket;
  }

  request(path: string, { post }: { post?: unknown } = {}): Promise<Reply> {
    this.requests.push({ path, post });
    return this.#reply(path);
  }

  upload(path: string, form: FormData): Promise<Reply> {
    return this.request(path, { post: Object.fromEntries(form) });
  }

  remove(path: string): Promise<Reply> {
    this.removed.push(path);
    return this.#reply(`DELETE ${path}`);
  }

  download(path: string): Promise<Uint8Array> {
    const file = this.files.get(path);
    return file === undefined ? Promise.reject(new TypeError("unreachable")) : Promise.resolve(file);
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { milliseconds, callback };
    this.timers.push(timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  /** Fires the oldest timer and waits for the effects. Returns its length in ms. */
  async fireTimer(): Promise<number> {
    const timer = this.timers.shift();
    if (timer === undefined) throw new Error("no timer is set");
    timer.callback();
    await settled();
    return timer.milliseconds;
  }

  #reply(key: string): Promise<Reply> {
    const reply = this.replies.get(key);
    return reply === undefined ? Promise.reject(new TypeError("unreachable")) : Promise.resolve(reply);
  }
}

/** Resolves after the promises that are ready have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
