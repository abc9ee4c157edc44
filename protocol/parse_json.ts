/** JSON from outside, bounded before anything is made of it. */
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from "./limits.ts";
import { ValidationError } from "./validate.ts";

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c;
const OPENING = [0x5b, 0x7b], CLOSING = [0x5d, 0x7d];

/**
 * The value of a JSON text. A few bytes make a value of dozens, and a nest of a million levels breaks whoever walks it, so depth
 * and number of values are counted first; long strings, such as a picture, cost nothing there.
 *
 * @param what as a message names the text, such as `the body`
 * @throws {ValidationError} naming no field
 */
export function parseJson(text: string, what: string): unknown {
  const tooMuch = excess(text);
  if (tooMuch !== undefined) throw new ValidationError(`${what} ${tooMuch}`, "");
  try {
    return JSON.parse(text);
  } catch {
    throw new ValidationError(`${what} is not valid JSON`, "");
  }
}

function excess(text: string): string | undefined {
  let depth = 0, values = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COMMA) values++;
    else if (CLOSING.includes(code)) depth--;
    else if (OPENING.includes(code)) depth++, values++;
    if (depth > MAX_JSON_DEPTH) return `is nested too deeply: at most ${MAX_JSON_DEPTH} levels are taken`;
    if (values > MAX_JSON_VALUES) return `has too many values: at most ${MAX_JSON_VALUES} are taken`;
  }
  return undefined;
}

/** Where the string that begins at `start` ends, or the text's end where it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
