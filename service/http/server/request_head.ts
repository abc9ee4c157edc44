/**
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: anything that two programs might understand differently is
 * refused.
 */
import { Buffer } from "node:buffer";
import { MAX_HEAD_BYTES } from "../../../protocol/mod.ts";
import { HttpError } from "../errors.ts";
import type { Connection } from "./connection.ts";

/** The most header lines of a request. */
const MAX_HEADERS = 100;

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
/** A host name or address, and a port; other parts of a URL are not allowed there. */
const HOST = /^[\w.-]*(?:\[[\da-fA-F:.]+\])?(?::\d{1,5})?$/;

const CR = 13, LF = 10;

/** The parts of a head that the server and the app need. */
export interface RequestHead {
  method: string;
  url: string;
  /** Names in lower case. */
  headers: [name: string, value: string][];
  /** Whether the client accepts another answer on this connection. */
  keepAlive: boolean;
  /** Bytes of the body, or `chunked`. */
  bodyLength: number | "chunked";
  /** Whether the client waits for `100 Continue` before it sends its body. */
  expectsContinue: boolean;
}

/**
 * Reads the next head; undefined if the client has closed the connection before it.
 *
 * @throws {HttpError} 431 for a head that is too long, 400 for a malformed one
 */
export async function readHead(connection: Connection): Promise<RequestHead | undefined> {
  for (let searched = 0;;) {
    const { unread } = connection;
    const end = endOfHead(unread, searched);
    if (end !== undefined) {
      const text = Buffer.from(unread.buffer, unread.byteOffset, end).toString("latin1");
      connection.consume(end);
      return parseHead(text);
    }
    if (unread.length > MAX_HEAD_BYTES) throw new HttpError(431, "The head of the request is too long.");
    searched = Math.max(0, unread.length - 3);
    if (!await connection.fill()) return undefined;
  }
}

/** Index after the empty line that ends a head, if it has arrived. */
function endOfHead(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (at >= 3 && bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
  }
  return undefined;
}

/**
 * Parses a head with the empty line at its end.
 *
 * @throws {HttpError} 400 for a malformed one
 */
export function parseHead(text: string): RequestHead {
  const lines = text.slice(0, -4).split("\r\n");
  const [, method, target, minor] = REQUEST_LINE.exec(lines[0]) ?? refuse("its first line");
  if (lines.length > MAX_HEADERS + 1) refuse("the number of its headers");
  const headers: [string, string][] = [];
  let host: string | undefined, length: string | undefined, encoding: string | undefined;
  let connection = "", expect = "";
  for (let i = 1; i < lines.length; i++) {
    const [, written, padded] = HEADER.exec(lines[i]) ?? refuse("one of its headers");
    const name = written.toLowerCase(), value = padded.trimEnd();
    headers.push([name, value]);
    if (name === "host") host = once("Host", host, value);
    else if (name === "content-length") length = once("Content-Length", length, value);
    else if (name === "transfer-encoding") encoding = once("Transfer-Encoding", encoding, value.toLowerCase());
    else if (name === "connection") connection += ` ${value.toLowerCase()}`;
    else if (name === "expect") expect = value.toLowerCase();
  }
  const isOld = minor === "0";
  return {
    method: method.toUpperCase() === method ? method : refuse("its method"),
    url: urlOf(target, host ?? (isOld ? "localhost" : refuse("its lack of a Host header"))),
    headers,
    keepAlive: isOld ? false : !/\bclose\b/.test(connection),
    bodyLength: bodyLengthOf(length, encoding, isOld),
    expectsContinue: !isOld && expect === "100-continue",
  };
}

function bodyLengthOf(length: string | undefined, encoding: string | undefined, isOld: boolean): number | "chunked" {
  if (encoding !== undefined) {
    // With both, a proxy and this service might see different ends (RFC 9112, section 6.1).
    if (encoding !== "chunked" || length !== undefined || isOld) refuse("how it says where its body ends");
    return "chunked";
  }
  if (length === undefined) return 0;
  return /^\d{1,15}$/.test(length) ? Number(length) : refuse("its Content-Length");
}

/** Whether a Host header may say so: a host name or address, perhaps with a port. */
export function isHost(text: string): boolean {
  return text !== "" && HOST.test(text);
}

function urlOf(target: string, host: string): string {
  if (!isHost(host)) refuse("its Host header");
  if (target.startsWith("/")) return `http://${host}${target}`;
  // The absolute form is for proxies, but every server must accept it; the Host header decides.
  const path = /^https?:\/\/[^/?#]+(.*)$/i.exec(target)?.[1] ?? refuse("its address");
  return `http://${host}${path.startsWith("/") ? path : `/${path}`}`;
}

function once(name: string, before: string | undefined, value: string): string {
  return before === undefined ? value : refuse(`having two ${name} headers`);
}

function refuse(what: string): never {
  throw new HttpError(400, `The request is malformed: ${what} cannot be understood.`);
}
