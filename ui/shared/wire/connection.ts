/** What the pages need of the network and the clock. Tests pass a fake in its place. */

/** A web socket of the lab. */
export interface LabSocket {
  send(text: string): void;
  /** No event comes after it. */
  close(): void;
}

/** What the owner of a socket is told. */
export interface SocketEvents {
  opened(): void;
  message(text: string): void;
  /** Called once, also when the socket never opened. */
  closed(code: number): void;
}

/** An HTTP response of the lab. */
export interface Reply {
  status: number;
  /** The decoded JSON; undefined when the body was not JSON. */
  body: unknown;
}

/** What every page asks of the service behind it. */
export interface LabRequests {
  /** Gets `path`, or posts `post` to it as JSON. Rejects only when the service is unreachable or `signal` is aborted. */
  request(path: string, options?: { post?: unknown; signal?: AbortSignal }): Promise<Reply>;
  /** The bytes of a file. Rejects when the service is unreachable or does not return it. */
  download(path: string): Promise<Uint8Array>;
}

/** The service behind a page, and the page's clock. */
export interface LabConnection extends LabRequests {
  /** Opens a web socket at `path`. */
  openSocket(path: string, events: SocketEvents): LabSocket;
  /** Posts a form with a file. Rejects when the service is unreachable. */
  upload(path: string, form: FormData): Promise<Reply>;
  /** Deletes what is at `path`, also while the page is being left. Rejects when the service is unreachable. */
  remove(path: string): Promise<Reply>;
  /** Calls back after `milliseconds`, unless the returned function is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The `error` of a reply in the service's own words, or its status where it has none. */
export function errorOf({ status, body }: Reply): string {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  return typeof error === "string" ? error : `The service answered with status ${status} and no explanation.`;
}
