/** Server sockets on Deno's own upgrade, the one place that calls it. */
import { HttpError } from "./errors.ts";

/**
 * A client that sends nothing for half of this time is asked for a sign of life, which browsers give by themselves; who
 * gives none until its end is gone: a laptop that sleeps, a cable that was pulled.
 */
const IDLE_SECONDS = 30;

/** The open sockets of a service, so that it can close them when it ends. */
export class SocketGroup {
  #open = new Set<WebSocket>();

  /** Another `idleSeconds` only in tests. */
  constructor(private readonly idleSeconds = IDLE_SECONDS) {}

  get size(): number {
    return this.#open.size;
  }

  /**
   * Turns `request` into a socket. The caller attaches its listeners and returns `response` unchanged.
   *
   * @throws {HttpError} 426 for a request that is no WebSocket upgrade
   */
  upgrade(request: Request): { socket: WebSocket; response: Response } {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new HttpError(426, "This address is a WebSocket: connect with ws://.");
    }
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: this.idleSeconds });
    socket.binaryType = "arraybuffer";
    this.#open.add(socket);
    socket.addEventListener("close", () => this.#open.delete(socket));
    // A connection that broke off: the close that follows is all that anybody needs to hear.
    socket.addEventListener("error", (event) => event.preventDefault());
    return { socket, response };
  }

  closeAll(code: number, reason: string) {
    for (const socket of this.#open) socket.close(code, reason);
  }
}
