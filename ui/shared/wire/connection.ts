/** The pages' interface to network and clock, which tests replace with a fake. */

/** A web socket of the lab. */
export interface LabSocket {
  send(text: string): void;
  /** Closes the socket. No event follows. */
  close(): void;
}

/** Callbacks of a socket's owner. */
export interface SocketEvents {
  opened(): void;
  message(text: string): void;
  /** Called once, even if the socket never opened. */
  closed(code: number): void;
}

/** An HTTP response of the lab. */
export interface Reply {
  status: number;
  /** The decoded JSON; undefined when the body was not JSON. */
  body: unknown;
}

/** The requests that every page makes to its service. */
export interface LabRequests {
  /**
   * Gets `path`, or posts `post` to it as JSON. Rejects only when the service is unreachable or `signal` is aborted.
   */
  request(path: string, options?: { post?: unknown; signal?: AbortSignal }): Promise<Reply>;
  /** Downloads a file. Rejects if the service is unreachable or does not return it. */
  download(path: string): Promise<Uint8Array>;
}

/** The service behind a page, and the page's clock. */
export interface LabConnection extends LabRequests {
  /** Opens a web socket at `path`. */
  openSocket(path: string, events: SocketEvents): LabSocket;
  /** Posts a form with a file. Rejects when the service is unreachable. */
  upload(path: string, form: FormData): Promise<Reply>;
  /** Deletes the resource at `path`, even while the user leaves the page. Rejects if the service is unreachable. */
  remove(path: string): Promise<Reply>;
  /** Calls back after `milliseconds`, unless the returned function is called first. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The `error` of a reply as the service worded it, or its status if it has none. */
export function errorOf({ status, body }: Reply): string {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  return typeof error === "string" ? error : `The service answered with status ${status} and no explanation.`;
}
