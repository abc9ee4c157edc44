import { createHash } from "node:crypto";
import {
  MAX_HELD_SOCKET_BYTES,
  MAX_HELD_SOCKET_BYTES_PER_CLIENT,
  MAX_SOCKETS,
  MAX_SOCKETS_PER_CLIENT,
} from "../../protocol/mod.ts";
import { HttpError } from "./errors.ts";
import { IncomingRequest } from "./server/incoming.ts";
import { ServerSocket } from "./server/server_socket.ts";
import { CLOSE_CODES } from "./server/frames.ts";

/** How many sockets may be open, and how much they may hold in unfinished or unsent messages. */
export interface SocketLimits {
  perClient: number;
  inAll: number;
  bytesPerClient?: number;
  bytesInAll?: number;
}

const LIMITS: SocketLimits = { perClient: MAX_SOCKETS_PER_CLIENT, inAll: MAX_SOCKETS };

/**
 * A client that has sent nothing for half of this time gets a ping, which browsers answer automatically. A client that
 * has not answered by the end of this time is disconnected: a sleeping laptop, a pulled cable.
 */
const IDLE_SECONDS = 30;
/** How often silent sockets are looked for within that time. */
const SWEEPS = 20;

/** The open sockets and held bytes of one address, or of all. */
interface Share {
  sockets: number;
  bytes: number;
}

/** The open WebSockets of a service: counted, limited, and closed when it ends. */
export class SocketGroup {
  readonly #open = new Set<ServerSocket>();
  readonly #byClient = new Map<string, Share>();
  readonly #all: Share = { sockets: 0, bytes: 0 };
  readonly #limits: Required<SocketLimits>;
  readonly #idleMs: number;
  #sweep?: ReturnType<typeof setInterval>;

  /** Tests may pass other limits. */
  constructor({ limits = LIMITS, idleSeconds = IDLE_SECONDS }: { limits?: SocketLimits; idleSeconds?: number } = {}) {
    this.#limits = {
      bytesPerClient: MAX_HELD_SOCKET_BYTES_PER_CLIENT,
      bytesInAll: MAX_HELD_SOCKET_BYTES,
      ...limits,
    };
    this.#idleMs = 1000 * idleSeconds;
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Turns `request` into a socket. The caller attaches its listeners and returns `response` unchanged.
   *
   * @param client the IP address that the request came from
   * @throws {HttpError} 426 for a request that is not a WebSocket upgrade, 400 for a malformed one, 503 while too many
   * sockets are open
   */
  upgrade(request: Request, client: string): { socket: ServerSocket; response: Response } {
    const accept = acceptKey(request);
    this.#requireRoom(client);
    if (!(request instanceof IncomingRequest)) throw new TypeError("a socket needs a request of the lab's own server");
    const socket = new ServerSocket(client, { hold: (socket, bytes) => this.#hold(socket, bytes) });
    this.#add(socket);
    socket.addEventListener("close", () => this.#remove(socket));
    request.takeOver = (connection) => socket.serve(connection);
    // If the connection breaks before the answer is sent, the server ends the request without a take-over.
    request.onDropped = () => socket.terminate();
    const headers = { "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept };
    return { socket, response: new Response(null, { status: 101, headers }) };
  }

  /** Closes all sockets with a code and a reason (RFC 6455, section 7.4). */
  closeAll(code: number, reason: string) {
    for (const socket of this.#open) socket.close(code, reason);
  }

  #requireRoom(client: string) {
    const { perClient, inAll, bytesPerClient, bytesInAll } = this.#limits;
    const own = this.#byClient.get(client);
    if (this.#all.sockets >= inAll) {
      throw new HttpError(503, `Too many sockets: at most ${inAll} may be open; close some, or try again later.`);
    }
    if ((own?.sockets ?? 0) >= perClient) {
      throw new HttpError(
        503,
        `Too many sockets: at most ${perClient} from one address may be open; close some first.`,
      );
    }
    if ((own?.bytes ?? 0) > bytesPerClient / 2 || this.#all.bytes > bytesInAll / 2) {
      throw new HttpError(503, "Too much is on its way to sockets that do not read; try again in a moment.");
    }
  }

  /** Counts held bytes; throws if there are too many. */
  #hold(socket: ServerSocket, bytes: number) {
    const share = this.#shareOf(socket.address);
    share.bytes += bytes;
    this.#all.bytes += bytes;
    this.#tidy(socket.address, share);
    if (bytes > 0 && (share.bytes > this.#limits.bytesPerClient || this.#all.bytes > this.#limits.bytesInAll)) {
      throw new Error("sockets hold too much");
    }
  }

  #add(socket: ServerSocket) {
    this.#open.add(socket);
    this.#all.sockets++;
    this.#shareOf(socket.address).sockets++;
    this.#sweep ??= setInterval(() => this.#lookAround(), this.#idleMs / SWEEPS);
    Deno.unrefTimer(this.#sweep as unknown as number);
  }

  #remove(socket: ServerSocket) {
    if (!this.#open.delete(socket)) return;
    this.#all.sockets--;
    const share = this.#shareOf(socket.address);
    share.sockets--;
    this.#tidy(socket.address, share);
    if (this.#open.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  /** Pings silent clients, and closes those that do not answer or do not finish a message. */
  #lookAround() {
    const now = performance.now();
    for (const socket of this.#open) {
      socket.requireProgress();
      const silence = now - socket.heardAt;
      if (silence >= this.#idleMs) socket.abandon(CLOSE_CODES.goingAway, "No response from ping frame.");
      else if (silence >= this.#idleMs / 2 && !socket.isPinged) socket.ping();
    }
  }

  #shareOf(client: string): Share {
    let share = this.#byClient.get(client);
    if (share === undefined) this.#byClient.set(client, share = { sockets: 0, bytes: 0 });
    return share;
  }

  #tidy(client: string, { sockets, bytes }: Share) {
    if (sockets === 0 && bytes === 0) this.#byClient.delete(client);
  }
}

/** 16 bytes as base64 (RFC 6455, section 4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
/** With this a server proves that it speaks WebSocket (section 4.2.2). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The answer to the key of a handshake. */
function acceptKey({ headers, method }: Request): string {
  const malformed = (what: string) => new HttpError(400, `The request to open the WebSocket is malformed: ${what}.`);
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new HttpError(426, "This address is a WebSocket: connect with ws://.");
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!KEY.test(key)) throw malformed("Sec-WebSocket-Key must be 16 bytes as base64");
  if (headers.get("sec-websocket-version") !== "13") throw malformed("Sec-WebSocket-Version must be 13");
  if (method !== "GET" || !/\bupgrade\b/i.test(headers.get("connection") ?? "")) {
    throw malformed("its headers are not those of an upgrade");
  }
  return createHash("sha1").update(key + GUID).digest("base64");
}
