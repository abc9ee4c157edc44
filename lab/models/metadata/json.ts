/**
 * Reads the metadata's JSON more closely than `JSON.parse`: splits an array into the texts of its elements, so that each
 * can be parsed or kept separately, and finds faults.
 */

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

/** Where and why a text is not JSON. (`JSON.parse` gives the position of only some faults.) */
export interface JsonFault {
  offset: number;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  what: string;
}

const SPACE = /[ \t\n\r]*/y;
/** A string: characters from the space on, except quote and backslash, or escapes. */
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
/** The valid part of a faulty string; at the end of the text it may end within an escape. */
const OPEN_STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*(?:\\(?:u[0-9a-fA-F]{0,3})?$)?/y;
/** A literal that is cut off by the end of the text. */
const OPEN_LITERAL = /(?:-|-?\d+(?:\.|(?:\.\d+)?[eE][+-]?)|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?)$/y;
const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Finds the first fault in a text that `JSON.parse` has refused. */
export function findJsonFault(text: string): JsonFault {
  const offset = new Scanner(text).firstFault();
  const before = text.slice(0, offset).split("\n");
  const what = offset >= text.length ? "the file ends too early" : `unexpected ${JSON.stringify(text[offset])}`;
  return { offset, line: before.length, column: before.at(-1)!.length + 1, what };
}

class Scanner {
  #at = 0;
  constructor(readonly text: string) {}

  /** The offset at which the text stops being JSON. */
  firstFault(): number {
    if (this.#value()) this.#skip(SPACE);
    return this.#at;
  }

  /** Each method moves past the element in its name and returns true, or stops at the fault and returns false. */
  #value(): boolean {
    this.#skip(SPACE);
    switch (this.text[this.#at]) {
      case "[":
        return this.#list("]", () => this.#value());
      case "{":
        return this.#list("}", () => this.#member());
      case '"':
        return this.#string();
      default:
        return !this.#skip(OPEN_LITERAL) && this.#skip(LITERAL);
    }
  }

  #list(close: string, item: () => boolean): boolean {
    this.#at++;
    this.#skip(SPACE);
    if (this.#symbol(close)) return true;
    do {
      if (!item()) return false;
      this.#skip(SPACE);
    } while (this.#symbol(","));
    return this.#symbol(close);
  }

  #member(): boolean {
    this.#skip(SPACE);
    if (!this.#string()) return false;
    this.#skip(SPACE);
    return this.#symbol(":") && this.#value();
  }

  #string(): boolean {
    if (this.#skip(STRING)) return true;
    this.#skip(OPEN_STRING);
    return false;
  }

  #symbol(symbol: string): boolean {
    if (this.text[this.#at] !== symbol) return false;
    this.#at++;
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const matched = pattern.test(this.text);
    if (matched) this.#at = pattern.lastIndex;
    return matched;
  }
}
