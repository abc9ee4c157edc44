/** Parses forms with files (RFC 7578), as browsers and programs send them. */
import { ValidationError } from "../../protocol/mod.ts";

/** One part of a form. */
export interface FormPart {
  name: string;
  /** Given for files. */
  fileName?: string;
  /** A view of the form's bytes. */
  bytes: Uint8Array;
}

/** The most parts of a form: it has a file and a dozen fields. */
const MAX_PARTS = 64;
/** Longest head of a part, in bytes. */
const MAX_HEAD = 4096;

const CRLF = new TextEncoder().encode("\r\n"), HEAD_END = new TextEncoder().encode("\r\n\r\n");

/**
 * Splits a form into its parts.
 *
 * @param contentType content type of the request: `multipart/form-data` with one boundary
 * @throws {ValidationError} for a form that is malformed, truncated, or has too many parts
 */
export function parseMultipart(body: Uint8Array, contentType: string): FormPart[] {
  const line = new TextEncoder().encode(`--${boundaryOf(contentType)}`);
  const parts: FormPart[] = [];
  if (!startsWith(body, line, 0)) throw malformed();
  for (let at = line.length;;) {
    // After the boundary come two hyphens at the end of the form, else a line break.
    if (body[at] === 0x2d && body[at + 1] === 0x2d) return parts;
    if (!startsWith(body, CRLF, at)) throw malformed();
    if (parts.length === MAX_PARTS) {
      throw new ValidationError(`the form has too many fields: at most ${MAX_PARTS} are taken`, "");
    }
    const headEnd = indexOf(body.subarray(0, at + MAX_HEAD), HEAD_END, at);
    const begin = headEnd + HEAD_END.length;
    const end = headEnd === -1 ? -1 : nextBoundary(body, line, begin);
    if (end === -1) throw malformed();
    parts.push(partOf(new TextDecoder().decode(body.subarray(at, headEnd)), body.subarray(begin, end)));
    at = end + CRLF.length + line.length;
  }
}

/** The boundary. It must be the only parameter of that name, so that all readers agree on it. */
function boundaryOf(contentType: string): string {
  const parameters = parametersOf(contentType.slice(contentType.indexOf(";") + 1));
  const boundaries = parameters.filter(([name]) => name === "boundary");
  if (boundaries.length !== 1 || !/^[\x20-\x7e]{1,200}$/.test(boundaries[0][1])) throw malformed();
  return boundaries[0][1];
}

function partOf(head: string, bytes: Uint8Array): FormPart {
  const disposition = /^content-disposition:[\t ]*form-data[\t ]*;(.*)$/im.exec(head)?.[1];
  if (disposition === undefined) throw malformed();
  const parameters = new Map(parametersOf(disposition));
  const name = parameters.get("name"), fileName = parameters.get("filename");
  if (name === undefined) throw malformed();
  return { name: unescape(name), fileName: fileName === undefined ? undefined : unescape(fileName), bytes };
}

/** Parameters such as `name="a"; filename="b"`: their names in lower case, and their values without quotes. */
function parametersOf(text: string): [name: string, value: string][] {
  const parameter = /[\t ]*([\w*!#$%&'+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;"]*))[\t ]*(?:;|$)/y;
  const found: [string, string][] = [];
  for (const rest = text.trim(); parameter.lastIndex < rest.length;) {
    const match = parameter.exec(rest);
    if (match === null) throw malformed();
    const [, name, quoted, bare] = match;
    found.push([name.toLowerCase(), quoted?.replaceAll(/\\(["\\])/g, "$1") ?? bare.trim()]);
    if (parameter.lastIndex === 0) break;
  }
  return found;
}

/** Browsers escape only these three characters, as in URLs. */
function unescape(text: string): string {
  return text.replaceAll("%22", '"').replaceAll("%0D", "\r").replaceAll("%0A", "\n");
}

/** Index of the line break before the next boundary, or -1. */
function nextBoundary(body: Uint8Array, line: Uint8Array, from: number): number {
  // An empty part has only the line break of its head before the boundary.
  if (startsWith(body, line, from)) return from - CRLF.length;
  for (let at = indexOf(body, line, from); at !== -1; at = indexOf(body, line, at + 1)) {
    if (at >= from + CRLF.length && startsWith(body, CRLF, at - CRLF.length)) return at - CRLF.length;
  }
  return -1;
}

function startsWith(bytes: Uint8Array, part: Uint8Array, at: number): boolean {
  return part.every((byte, i) => bytes[at + i] === byte);
}

/** Index of the first `part` in `bytes` from `start` on, or -1. */
function indexOf(bytes: Uint8Array, part: Uint8Array, start: number): number {
  let at = bytes.indexOf(part[0], start);
  while (at !== -1 && !startsWith(bytes, part, at)) at = bytes.indexOf(part[0], at + 1);
  return at;
}

function malformed(): ValidationError {
  return new ValidationError("the form is malformed or cut short", "");
}
