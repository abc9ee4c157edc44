import { TOKEN_GUESSES } from "../../protocol/mod.ts";

/** What one address has shown. */
interface Visitor {
  wrong: number;
  /** Until when it has to wait, and when its last wrong token came, by the clock. */
  waitsUntil: number;
  lastWrongAt: number;
  /** Wrong cookies during the present wait. */
  wrongCookies: number;
  /** Whether the lab's cookie or token was shown from there. */
  isKnown: boolean;
}

/** After this time without a wrong token an address begins anew, in ms. */
const FORGIVE_MS = 10 * 60_000;
/** Most addresses that are remembered. */
const MAX_VISITORS = 10_000;
/** Wrong cookies that are looked at during one wait. */
const MAX_COOKIES = 20;

/**
 * Slows the guessing of the token: beyond a few wrong ones an address has to wait longer and longer, in which no token
 * from there is looked at, be it right or wrong. The cookies of those who were let in from there still work.
 */
export class TokenGuesses {
  readonly #visitors = new Map<string, Visitor>();
  readonly #now: () => number;

  /** @param now milliseconds; another clock in tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds until a token of this address is looked at; 0 for now. */
  waitOf(client: string): number {
    return Math.max(0, (this.#visitors.get(client)?.waitsUntil ?? 0) - this.#now());
  }

  /** Whether a cookie of this address is looked at. */
  takesCookie(client: string): boolean {
    if (this.waitOf(client) === 0) return true;
    const { isKnown, wrongCookies } = this.#visitors.get(client)!;
    return isKnown && wrongCookies < MAX_COOKIES;
  }

  /** Notes that a right token or cookie was shown. */
  noteRight(client: string): void {
    const visitor = this.#visitors.get(client);
    if (visitor?.isKnown !== true) this.#visitor(client).isKnown = true;
  }

  /** Notes that a wrong token or cookie was shown. */
  noteWrong(client: string): void {
    const visitor = this.#visitor(client), now = this.#now();
    if (now - visitor.lastWrongAt > FORGIVE_MS) visitor.wrong = 0;
    visitor.lastWrongAt = now;
    if (visitor.waitsUntil > now) return void visitor.wrongCookies++;
    const { free, firstMs, longestMs } = TOKEN_GUESSES;
    if (++visitor.wrong < free) return;
    visitor.wrongCookies = 0;
    visitor.waitsUntil = now + Math.min(longestMs, firstMs * 2 ** (visitor.wrong - free));
  }

  #visitor(client: string): Visitor {
    const known = this.#visitors.get(client) ??
      { wrong: 0, waitsUntil: 0, lastWrongAt: this.#now(), wrongCookies: 0, isKnown: false };
    this.#visitors.delete(client);
    this.#visitors.set(client, known);
    if (this.#visitors.size > MAX_VISITORS) this.#visitors.delete(this.#visitors.keys().next().value!);
    return known;
  }
}
