/** Splits a JSON array into the texts of its elements, so that each can be parsed or kept separately. */

const QUOTE = 0x22, COMMA = 0x2c, OPEN_LIST = 0x5b, BACKSLASH = 0x5c, CLOSE_LIST = 0x5d, OPEN = 0x7b, CLOSE = 0x7d;

/**
 * The texts of the elements, without surrounding space; undefined if `text` is not an array. Only brackets and quotes
 * are matched, so `text` is JSON exactly if each element is.
 *
 * @param known JSON elements, most of which `text` contains in this order; they are compared as a whole, which is far
 * faster
 */
export function splitArray(text: string, known: readonly string[] = []): string[] | undefined {
  const elements: string[] = [];
  let at = skipSpace(text, 0), next = 0;
  if (text.charCodeAt(at) !== OPEN_LIST) return undefined;
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) !== CLOSE_LIST) {
    for (;; at = skipSpace(text, at + 1)) {
      // An element may have been removed or replaced.
      if (!isElementAt(text, at, known[next]) && isElementAt(text, at, known[next + 1])) next++;
      const end = isElementAt(text, at, known[next]) ? at + known[next].length : elementEnd(text, at);
      if (end === undefined) return undefined;
      elements.push(text.slice(at, end));
      next++;
      at = skipSpace(text, end);
      if (text.charCodeAt(at) === CLOSE_LIST) break;
      if (text.charCodeAt(at) !== COMMA) return undefined;
    }
  }
  return skipSpace(text, at + 1) === text.length ? elements : undefined;
}

function isElementAt(text: string, at: number, element: string | undefined): boolean {
  if (element === undefined || !text.startsWith(element, at)) return false;
  // A number may continue.
  const code = text.charCodeAt(at + element.length);
  return code === COMMA || code === CLOSE_LIST || isSpace(code);
}

/**
 * The end of the element at `start`: after its closing bracket or quote, or before the character that ends a literal.
 */
function elementEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (end === undefined) return undefined;
      if (depth === 0) return end;
      at = end - 1;
    } else if (code === OPEN || code === OPEN_LIST) {
      depth++;
    } else if (code === CLOSE || code === CLOSE_LIST) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || isSpace(code))) {
      return at;
    }
  }
  return undefined;
}

function stringEnd(text: string, start: number): number | undefined {
  for (let at = text.indexOf('"', start + 1); at > 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  return undefined;
}

function skipSpace(text: string, at: number): number {
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
