import { MAX_SOCKETS, MAX_SOCKETS_PER_CLIENT } from "../../protocol/mod.ts";
import { HttpError } from "./errors.ts";

/** How many sockets may be open. */
export interface SocketLimits {
  perClient: number;
  inAll: number;
}

const LIMITS: SocketLimits = { perClient: MAX_SOCKETS_PER_CLIENT, inAll: MAX_SOCKETS };

/**
 * A client that has sent nothing for half of this time is sent a ping, which browsers answer by themselves. One that does
 * not answer until the end of this time is disconnected: a sleeping laptop, a pulled cable.
 */
const IDLE_SECONDS = 30;

/** The open WebSockets of a service: counted, limited, and closed when it ends. */
export class SocketGroup {
  /** By socket, the address of its client. */
  readonly #open = new Map<WebSocket, string>();
  readonly #perClient = new Map<string, number>();
  readonly #limits: SocketLimits;
  readonly #idleSeconds: number;

  /** Takes other limits only in tests. */
  constructor({ limits = LIMITS, idleSeconds = IDLE_SECONDS }: { limits?: SocketLimits; idleSeconds?: number } = {}) {
    this.#limits = limits;
    this.#idleSeconds = idleSeconds;
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Turns `request` into a socket. The caller attaches its listeners and returns `response` unchanged.
   *
   * @param client the IP address that the request came from
   * @throws {HttpError} 426 for a request that is not a WebSocket upgrade, 400 for a malformed one, 503 while too many sockets
   * are open
   */
  upgrade(request: Request, client: string): { socket: WebSocket; response: Response } {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new HttpError(426, "This address is a WebSocket: connect with ws://.");
    }
    this.#requireRoom(client);
    const { socket, response } = upgradeWebSocket(request, this.#idleSeconds);
    socket.binaryType = "arraybuffer";
    this.#count(client, 1);
    this.#open.set(socket, client);
    const forget = () => {
      if (this.#open.delete(socket)) this.#count(client, -1);
    };
    socket.addEventListener("close", forget);
    // A broken connection: the close event that follows is enough, but none follows if the handshake was not finished.
    socket.addEventListener("error", (event) => {
      event.preventDefault();
      if (socket.readyState === WebSocket.CONNECTING) forget();
    });
    return { socket, response };
  }

  /** Closes all sockets with a code and a reason (RFC 6455, section 7.4). */
  closeAll(code: number, reason: string) {
    for (const socket of this.#open.keys()) socket.close(code, reason);
  }

  #requireRoom(client: string) {
    const { perClient, inAll } = this.#limits;
    if (this.#open.size >= inAll) {
      throw new HttpError(503, `Too many sockets: at most ${inAll} may be open; close some, or try again later.`);
    }
    if ((this.#perClient.get(client) ?? 0) >= perClient) {
      throw new HttpError(
        503,
        `Too many sockets: at most ${perClient} from one address may be open; close some first.`,
      );
    }
  }

  #count(client: string, change: 1 | -1) {
    const count = (this.#perClient.get(client) ?? 0) + change;
    if (count === 0) this.#perClient.delete(client);
    else this.#perClient.set(client, count);
  }
}

/** 16 bytes as base64 (RFC 6455, section 4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

function upgradeWebSocket(request: Request, idleTimeout: number): ReturnType<typeof Deno.upgradeWebSocket> {
  const malformed = (what: string) => new HttpError(400, `The request to open the WebSocket is malformed: ${what}.`);
  const { headers } = request;
  if (!KEY.test(headers.get("sec-websocket-key") ?? "")) {
    throw malformed("Sec-WebSocket-Key must be 16 bytes as base64");
  }
  if (headers.get("sec-websocket-version") !== "13") throw malformed("Sec-WebSocket-Version must be 13");
  try {
    return Deno.upgradeWebSocket(request, { idleTimeout });
  } catch {
    throw malformed("its headers are not those of an upgrade");
  }
}
