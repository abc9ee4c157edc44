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
