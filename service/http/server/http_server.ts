/**
 * An HTTP/1.1 server over TCP that bounds what each client, each address and all of them hold (ADR 21). One request at
 * a time is read from a connection, and answered before the next.
 */
import { CONNECTION_TIMES, RESUME_LISTENING_MS } from "../../../protocol/mod.ts";
import { clientAt } from "../../process/addresses.ts";
import { log } from "../../process/log.ts";
import { HttpError } from "../errors.ts";
import { Connection } from "./connection.ts";
import { type ConnectionLimits, connectionLimits, Connections } from "./connections.ts";
import { asClientSent, type SentRequest } from "./forwarded.ts";
import { IncomingBody, IncomingRequest } from "./incoming.ts";
import { ListenerState } from "./listener_state.ts";
import { readHead } from "./request_head.ts";
import { Turns } from "./turns.ts";
import { acceptsGzip, SendBudget, sendResponse } from "./response.ts";

/** What the app is told of a client: its address or, for IPv6, its network of 64 bits. */
export interface ClientInfo {
  remoteAddr: { hostname: string };
}

/** Answers a request. */
export type RequestHandler = (request: Request, info?: ClientInfo) => Response | Promise<Response>;

/** Where and how to serve. */
export interface HttpServerOptions {
  hostname: string;
  /** 0 takes any free port. */
  port: number;
  /** Whether other threads listen on the same address. */
  reusePort?: boolean;
  limits?: ConnectionLimits;
  times?: Partial<typeof CONNECTION_TIMES>;
  state?: ListenerState;
  /** IP addresses of proxies whose word about a request is taken. */
  trustedProxies?: readonly string[];
  /** Answers a request so broken that the handler never sees it. */
  onError?: (error: unknown) => Response;
}

/** How often overdue connections are looked for, in ms. */
const SWEEP_MS = 250;

/** Connections that the system may hold until they are taken. One more would have to knock again after a second. */
const BACKLOG = 4096;

/** What is passed over of a body that nobody reads, before its connection is closed. */
const LINGER_BYTES = 4 * 1024 * 1024;

/** A server that listens. */
export class HttpServer {
  readonly #handler: RequestHandler;
  readonly #options: HttpServerOptions;
  readonly #connections: Connections;
  readonly #trusted: ReadonlySet<string>;
  readonly #budget = new SendBudget();
  readonly #turns = new Turns();
  readonly #times: typeof CONNECTION_TIMES;
  readonly #state: ListenerState;
  readonly #serving = new Set<Promise<void>>();
  readonly #sweep: ReturnType<typeof setInterval>;
  readonly #accepting: Promise<void>;
  #listener: Deno.TcpListener;
  #isEnding = false;
  #endPause = () => {};
  /** The address that it listens on. */
  readonly addr: { hostname: string; port: number };

  /** Throws what `Deno.listen` throws. */
  constructor(options: HttpServerOptions, handler: RequestHandler) {
    this.#handler = handler;
    this.#options = options;
    this.#times = { ...CONNECTION_TIMES, ...options.times };
    this.#state = options.state ?? new ListenerState();
    this.#trusted = new Set(options.trustedProxies);
    this.#connections = new Connections(options.limits ?? connectionLimits(), this.#trusted);
    this.#listener = this.#listen(options.port);
    this.addr = { hostname: options.hostname, port: this.#listener.addr.port };
    this.#sweep = setInterval(() => this.#connections.cutOverdue(), SWEEP_MS);
    Deno.unrefTimer(this.#sweep as unknown as number);
    this.#accepting = this.#accept();
  }

  /** Takes no more connections, and resolves once every request under way is answered. */
  async shutdown(): Promise<void> {
    this.#isEnding = true;
    this.#endPause();
    this.#listener.close();
    this.#connections.dropIdle();
    await this.#accepting;
    await Promise.all(this.#serving);
    clearInterval(this.#sweep);
  }

  /** As `shutdown`, but cuts what is under way. */
  async close(): Promise<void> {
    const ended = this.shutdown();
    this.#connections.dropAll();
    await ended;
  }

  #listen(port: number): Deno.TcpListener {
    const { hostname, reusePort = false } = this.#options;
    return Deno.listen({ hostname, port, reusePort, tcpBacklog: BACKLOG });
  }

  /** Takes connections until the end. A listener that fails rests for a while that grows, and is opened anew. */
  async #accept(): Promise<void> {
    for (let faults = 0; !this.#isEnding;) {
      try {
        this.#begin(await this.#listener.accept());
        if (faults > 0) log.warn("connections are taken again");
        faults = 0;
        this.#state.note(undefined);
      } catch (error) {
        if (this.#isEnding) return;
        const reason = reasonOf(error);
        if (faults++ === 0) log.warn("no connection can be taken", { reason });
        this.#state.note(reason);
        if (isOutOfDescriptors(error)) this.#connections.shrink();
        await this.#pause(Math.min(RESUME_LISTENING_MS.most, RESUME_LISTENING_MS.first * 2 ** (faults - 1)));
        if (!this.#isEnding && !isOutOfDescriptors(error)) this.#reopen();
      }
    }
  }

  #reopen() {
    try {
      this.#listener.close();
    } catch {
      // It has ended by itself.
    }
    try {
      this.#listener = this.#listen(this.addr.port);
    } catch {
      // The next `accept` fails at once, and so this is tried again after a longer pause.
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #begin(channel: Deno.TcpConn) {
    const { hostname } = channel.remoteAddr;
    const connection = new Connection(channel, hostname.replace(/^::ffff:/, ""), this.#times.sendMs, this.#turns);
    if (!this.#connections.admit(connection)) return connection.close();
    this.#state.connections = this.#connections.size;
    channel.setNoDelay(true);
    const serving = this.#serve(connection).catch((error) => {
      // A client that hung up, or was cut.
      if (!connection.isClosed && !isConnectionFault(error)) log.error("a connection failed", {}, error);
    }).finally(() => {
      this.#connections.drop(connection);
      this.#state.connections = this.#connections.size;
      this.#serving.delete(serving);
    });
    this.#serving.add(serving);
  }

  async #serve(connection: Connection): Promise<void> {
    for (let isFirst = true; !this.#isEnding; isFirst = false) {
      const sent = await this.#nextRequest(connection, isFirst);
      if (sent === undefined) return;
      if (sent instanceof Response) return await this.#answer(connection, sent, false);
      if (!await this.#exchange(connection, sent)) return;
      connection.shrink();
    }
  }

  /** The next request without its body; an answer for one that is refused. */
  async #nextRequest(connection: Connection, isFirst: boolean): Promise<SentRequest | Response | undefined> {
    connection.isIdle = true;
    connection.idleSince = performance.now();
    try {
      if (connection.unread.length > 0) await this.#turns.next(connection.client);
      else if (!isFirst) {
        connection.dueAt = performance.now() + this.#times.keepAliveMs;
        if (!await connection.fill()) return undefined;
      }
      connection.dueAt = performance.now() + this.#times.headMs;
      const head = await readHead(connection);
      if (head === undefined) return undefined;
      const sent = asClientSent(head, connection.address, this.#trusted);
      return { ...sent, client: clientAt(sent.client) };
    } catch (error) {
      if (error instanceof HttpError) return Response.json({ error: error.message }, { status: error.status });
      throw error;
    } finally {
      connection.dueAt = Infinity;
      connection.isIdle = false;
    }
  }

  /** Answers one request, and says whether another may follow. */
  async #exchange(connection: Connection, { head, client }: SentRequest): Promise<boolean> {
    const body = new IncomingBody(connection, head);
    let request: IncomingRequest | undefined, response: Response;
    connection.client = client;
    await this.#turns.begin(client);
    try {
      request = new IncomingRequest(head, body);
      response = await this.#handler(request, { remoteAddr: { hostname: client } });
    } catch (error) {
      response = this.#options.onError?.(error) ?? Response.json({ error: "bad request" }, { status: 400 });
    } finally {
      this.#turns.end(client);
    }
    const keepAlive = head.keepAlive && body.isOver && !this.#isEnding;
    const accepted = head.headers.find(([name]) => name === "accept-encoding")?.[1];
    const takesGzip = acceptsGzip(accepted);
    try {
      const isHead = head.method === "HEAD";
      await sendResponse(connection, response, this.#budget, { isHead, keepAlive, takesGzip, client });
    } catch (error) {
      request?.onDropped?.();
      throw error;
    }
    if (response.status === 101 && request?.takeOver !== undefined) {
      await request.takeOver(connection);
      return false;
    }
    if (!body.isOver) await connection.linger(this.#times.lingerMs, LINGER_BYTES);
    return keepAlive;
  }

  /** Answers on a connection whose input is not understood. */
  async #answer(connection: Connection, response: Response, keepAlive: boolean): Promise<void> {
    await sendResponse(connection, response, this.#budget, {
      isHead: false,
      keepAlive,
      takesGzip: false,
      client: connection.client,
    });
    await connection.linger(this.#times.lingerMs, LINGER_BYTES);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isOutOfDescriptors(error: unknown): boolean {
  return /\b(?:EMFILE|ENFILE)\b/.test((error as { code?: string }).code ?? "") ||
    /os error 2[34]\b/.test(reasonOf(error));
}

function isConnectionFault(error: unknown): boolean {
  const { ConnectionReset, ConnectionAborted, BrokenPipe, BadResource, Interrupted, TimedOut, NotConnected } =
    Deno.errors;
  return [ConnectionReset, ConnectionAborted, BrokenPipe, BadResource, Interrupted, TimedOut, NotConnected]
    .some((Fault) => error instanceof Fault);
}
