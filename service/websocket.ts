/** Server sockets on Deno's own upgrade, the one place that calls it. */
import { HttpError } from "./errors.ts";

/** The open sockets of a service, so that it can close them when it ends. */
export class SocketGroup {
  #open = new Set<WebSocket>();

  /**
   * Turns `request` into a socket. The caller attaches its listeners and returns `response` unchanged.
   *
   * @throws {HttpError} 426 for a request that is no WebSocket upgrade
   */
  upgrade(request: Request): { socket: WebSocket; response: Response } {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new HttpError(426, "This address is a WebSocket: connect with ws://.");
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    this.#open.add(socket);
    socket.addEventListener("close", () => this.#open.delete(socket));
    return { socket, response };
  }

  closeAll(code: number, reason: string) {
    for (const socket of this.#open) socket.close(code, reason);
  }
}
