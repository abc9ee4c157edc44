/** A lab for tests: sockets that the test speaks through, replies that it sets, and a clock that it moves. */
import type { LabConnection, LabSocket, Reply, SocketEvents } from "./connection.ts";

export class FakeSocket implements LabSocket {
  /** What the page sent, decoded. */
  readonly sent: unknown[] = [];
  closedByPage = false;

  constructor(readonly path: string, private readonly events: SocketEvents) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closedByPage = true;
  }

  open(): void {
    this.events.opened();
  }

  /** Speaks as the service. */
  say(...messages: object[]): void {
    for (const message of messages) this.events.message(JSON.stringify(message));
  }

  drop(code = 1006): void {
    this.events.closed(code);
  }
}

export class FakeLab implements LabConnection {
  readonly sockets: FakeSocket[] = [];
  readonly requests: { path: string; post?: unknown }[] = [];
  /** Paths that were to be deleted. */
  readonly removed: string[] = [];
  /** Waits not over yet, in ms. */
  readonly waits: { milliseconds: number; callback: () => void }[] = [];
  /** Downloads by path; a path without one cannot be reached. */
  readonly files = new Map<string, Uint8Array>();
  /** Replies by path, to a deletion by `DELETE path`; a path without one cannot be reached. */
  readonly replies = new Map<string, Reply | Promise<Reply>>();

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
    const wait = { milliseconds, callback };
    this.waits.push(wait);
    return () => {
      const index = this.waits.indexOf(wait);
      if (index >= 0) this.waits.splice(index, 1);
    };
  }

  /** Lets the oldest wait end, with everything that follows from it at once; its length in ms. */
  async passWait(): Promise<number> {
    const wait = this.waits.shift();
    if (wait === undefined) throw new Error("nothing is being waited for");
    wait.callback();
    await settled();
    return wait.milliseconds;
  }

  #reply(key: string): Promise<Reply> {
    const reply = this.replies.get(key);
    return reply === undefined ? Promise.reject(new TypeError("unreachable")) : Promise.resolve(reply);
  }
}

/** Lets promises that are ready run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
