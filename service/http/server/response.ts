/** Sends answers to a client, one step at a time, within limits of memory and time. */
import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { MAX_SENT_BYTES, MAX_SENT_BYTES_PER_CLIENT, SEND_DEADLINE_MS } from "../../../protocol/mod.ts";
import type { Connection } from "./connection.ts";

const gzipped = promisify(gzip);
/**
 * Answers that are compressed at once; others are sent as they are, so that compressing keeps no core from its work.
 */
const MAX_COMPRESSING = 2;
let compressing = 0;

async function compress(body: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  compressing++;
  try {
    return new Uint8Array(await gzipped(body, { level: 1 }));
  } finally {
    compressing--;
  }
}

/** Shorter texts are sent uncompressed. */
const MIN_COMPRESSED_BYTES = 1024;
/** Answers up to this length are sent with their head in one step and do not count as held. */
const SMALL_BYTES = 16 * 1024;

const NO_BODY = new Set([101, 204, 304]);

/** Limits the bytes of complete answers that wait for clients to read them, by address and in all. */
export class SendBudget {
  readonly #perClient = new Map<string, number>();
  #all = 0;

  /** Whether an answer of `bytes` fits; a single answer always does. */
  fits(address: string, bytes: number): boolean {
    const own = this.#perClient.get(address) ?? 0;
    return (own === 0 || own + bytes <= MAX_SENT_BYTES_PER_CLIENT) &&
      (this.#all === 0 || this.#all + bytes <= MAX_SENT_BYTES);
  }

  /** Counts an answer until `release` is called, once. */
  hold(address: string, bytes: number): { release(): void } {
    this.#add(address, bytes);
    return { release: () => this.#add(address, -bytes) };
  }

  #add(address: string, bytes: number) {
    this.#all += bytes;
    const own = (this.#perClient.get(address) ?? 0) + bytes;
    if (own === 0) this.#perClient.delete(address);
    else this.#perClient.set(address, own);
  }
}

/** How an answer is sent. */
export interface SendOptions {
  isHead: boolean;
  keepAlive: boolean;
  /** Whether the client accepts gzip. */
  takesGzip: boolean;
  /** The IP address of the client, for which a proxy may have sent the request. */
  client: string;
}

/**
 * Sends an answer. If it declares its length, it is sent piece by piece as it is made; otherwise it is held as a whole,
 * within the budget, beyond which the client gets a 503.
 */
export async function sendResponse(
  connection: Connection,
  response: Response,
  budget: SendBudget,
  options: SendOptions,
): Promise<void> {
  const { headers, status } = response;
  if (options.isHead || NO_BODY.has(status)) {
    await response.body?.cancel();
    return await connection.write(encodeHead(headOf(response, options, undefined)));
  }
  if (headers.has("content-length")) return await sendStream(connection, response, options);
  // Compressed content is bytes, whatever its type says.
  const isText = !headers.has("content-encoding") &&
    /^(?:text\/|application\/json)/.test(headers.get("content-type") ?? "");
  const text = isText ? await response.text() : undefined;
  if (text !== undefined && text.length <= SMALL_BYTES && !(options.takesGzip && text.length >= MIN_COMPRESSED_BYTES)) {
    // Most answers are ASCII, so that their length is known before they are encoded.
    const all = encodeAscii(headOf(response, options, text.length) + text);
    if (all !== undefined) return await connection.write(all);
  }
  const whole = text === undefined ? await response.bytes() : encoder.encode(text);
  const body = await compressed(whole, headers, options.takesGzip);
  const head = headOf(response, options, body.length);
  if (!budget.fits(options.client, body.length)) {
    const busy = Response.json({ error: "too much is on its way to clients; try again in a moment" }, { status: 503 });
    return await sendResponse(connection, busy, budget, options);
  }
  const held = budget.hold(options.client, body.length);
  try {
    await withinDeadline(connection, async () => {
      await connection.write(encodeHead(head));
      await connection.write(body);
    });
  } finally {
    held.release();
  }
}

/** Whether a client takes gzip, by its Accept-Encoding header. */
export function acceptsGzip(accepted: string | undefined): boolean {
  return accepted !== undefined && /\bgzip\b/i.test(accepted);
}

/** A body as it is sent: gzipped where that helps, which `headers` then say. */
export async function compressed(
  body: Uint8Array<ArrayBuffer>,
  headers: Headers,
  takesGzip: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const isWorthIt = takesGzip && isCompressible(headers) && body.length >= MIN_COMPRESSED_BYTES;
  if (!isWorthIt || compressing >= MAX_COMPRESSING) return body;
  headers.set("content-encoding", "gzip");
  headers.append("vary", "Accept-Encoding");
  return await compress(body);
}

async function sendStream(connection: Connection, response: Response, options: SendOptions): Promise<void> {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  let left = Number(response.headers.get("content-length"));
  try {
    await withinDeadline(connection, async () => {
      await connection.write(encodeHead(headOf(response, options, undefined)));
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        if ((left -= piece.value.length) < 0) throw new Error("an answer is longer than it said");
        await connection.write(piece.value);
      }
    });
    // The client can notice only because the connection ends.
    if (left > 0) throw new Error("an answer is shorter than it said");
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function withinDeadline(connection: Connection, send: () => Promise<void>): Promise<void> {
  connection.dueAt = performance.now() + SEND_DEADLINE_MS;
  await send();
  connection.dueAt = Infinity;
}

/** Status line and headers, with `length` unless the headers already have it. */
function headOf({ status, headers }: Response, options: SendOptions, length: number | undefined): string {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? "Status"}\r\n`;
  // Six times as fast as iterating.
  headers.forEach((value, name) => text += `${name}: ${value}\r\n`);
  if (length !== undefined && !headers.has("content-length")) text += `content-length: ${length}\r\n`;
  if (status !== 101) text += `date: ${httpDate()}\r\nconnection: ${options.keepAlive ? "keep-alive" : "close"}\r\n`;
  return `${text}\r\n`;
}

const encoder = new TextEncoder();

/** The text as bytes if it is ASCII, else undefined. */
function encodeAscii(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(text.length);
  const { read, written } = encoder.encodeInto(text, bytes);
  return read === text.length && written === text.length ? bytes : undefined;
}

/** A head as bytes, in Latin-1 like all headers. */
function encodeHead(head: string): Uint8Array {
  return encodeAscii(head) ?? Buffer.from(head, "latin1");
}

let dateSecond = 0, dateText = "";

function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(1000 * second).toUTCString();
  }
  return dateText;
}

function isCompressible(headers: Headers): boolean {
  return !headers.has("content-encoding") && !headers.has("etag") &&
    /^(?:text\/|application\/(?:json|javascript)|image\/svg)/.test(headers.get("content-type") ?? "");
}

const REASONS: Record<number, string> = {
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  204: "No Content",
  303: "See Other",
  304: "Not Modified",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
