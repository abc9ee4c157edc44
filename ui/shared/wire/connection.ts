/** What the pages need of the network and the clock, handed in so that tests can hand in fakes. */

export interface LabSocket {
  send(text: string): void;
  close(): void;
}

export interface SocketEvents {
  opened(): void;
  message(text: string): void;
  /** Called once, also when the socket never opened. */
  closed(code: number): void;
}

export interface Reply {
  status: number;
  /** The decoded JSON; undefined when the body was not JSON. */
  body: unknown;
}

export interface LabConnection {
  openSocket(path: string, events: SocketEvents): LabSocket;
  /** Rejects only when the service could not be reached (or `signal` was aborted). */
  request(path: string, options?: { post?: unknown; signal?: AbortSignal }): Promise<Reply>;
  /** Posts a form with a file. Rejects when the service could not be reached. */
  upload(path: string, form: FormData): Promise<Reply>;
  /** Deletes what is at `path`, also while the page is being left. Rejects when the service could not be reached. */
  remove(path: string): Promise<Reply>;
  /** The bytes of a file. Rejects when the service could not be reached or does not hand it out. */
  download(path: string): Promise<Uint8Array>;
  /** Calls back after `milliseconds`, unless the returned function is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The `error` of a reply, in the service's own words where it gave some. */
export function errorOf({ status, body }: Reply): string {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  return typeof error === "string" ? error : `The service answered with status ${status} and no explanation.`;
}
