import { TOKEN_GUESSES } from "../../protocol/mod.ts";

/** The attempts of one address. */
interface Visitor {
  wrong: number;
  /** The time until which it has to wait, and the time of its last wrong token. */
  waitsUntil: number;
  lastWrongAt: number;
  /** Wrong cookies during the current wait. */
  wrongCookies: number;
  /** Whether it has sent the lab's cookie or token. */
  isKnown: boolean;
}

/** After this time without a wrong token, in ms, an address starts afresh. */
const FORGIVE_MS = 10 * 60_000;
/** Most addresses to remember. */
const MAX_VISITORS = 10_000;
/** Number of wrong cookies that are checked during one wait. */
const MAX_COOKIES = 20;

/**
 * Slows down guessing of the token: after a few wrong ones, an address has to wait longer and longer, and no token from
 * it is checked meanwhile, right or wrong. Cookies of clients already let in from there still work.
 */
export class TokenGuesses {
  readonly #visitors = new Map<string, Visitor>();
  readonly #now: () => number;

  /** @param now milliseconds; another clock in tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds until a token from this address is checked; 0 means at once. */
  waitOf(client: string): number {
    return Math.max(0, (this.#visitors.get(client)?.waitsUntil ?? 0) - this.#now());
  }

  /** Whether a cookie from this address is checked. */
  takesCookie(client: string): boolean {
    if (this.waitOf(client) === 0) return true;
    const { isKnown, wrongCookies } = this.#visitors.get(client)!;
    return isKnown && wrongCookies < MAX_COOKIES;
  }

  /** Records that a right token or cookie was sent. */
  noteRight(client: string): void {
    const visitor = this.#visitors.get(client);
    if (visitor?.isKnown !== true) this.#visitor(client).isKnown = true;
  }

  /** Records that a wrong token or cookie was sent. */
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
