import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { createHash, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { TOKEN_GUESSES } from "../../protocol/mod.ts";
import type { Settings } from "../process/settings.ts";
import { clientAddress } from "./request.ts";

/** Browsers send the cookie to every port of a host, so one visit opens the pages of both services. */
const COOKIE = "lab_token";
const COOKIE_SECONDS = 30 * 24 * 60 * 60;

/** Styles and theme of the page that asks for the token; they contain nothing secret. */
const LOOKS = /^\/assets\/(lab-[A-Za-z0-9]+\.css|theme-[A-Za-z0-9]+\.js)$/;

const EXPLANATION = "This lab asks for its token (LAB_TOKEN). Open it once as http://…/?token=…, or send the header " +
  "Authorization: Bearer and the token.";

/**
 * Accepts requests with the lab's token, given as `Authorization: Bearer`, as `?token=`, or in the cookie that a visit
 * with `?token=` sets. Such a visit is redirected to the address without the token, to keep the token out of bookmarks
 * and histories. All other requests get a 401: browsers as a page that asks for the token, programs as JSON. Without
 * `settings.token` all requests pass. An address that shows many wrong ones has to wait (429 with `Retry-After`).
 */
export function checkToken({ token, uiDir }: Pick<Settings, "token" | "uiDir">): MiddlewareHandler {
  if (token === undefined) return (_c, next) => next();
  const lab = new LabToken(token), guesses = new TokenGuesses();
  return async (c, next) => {
    const client = clientAddress(c), cookie = getCookie(c, COOKIE);
    const hasCookie = cookie !== undefined && guesses.takesCookie(client) && lab.isCookie(cookie);
    const inQuery = c.req.query("token");
    const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (hasCookie) {
      guesses.noteRight(client);
      if (inQuery === undefined) return await next();
    }
    const isGuess = Boolean(inQuery || bearer || cookie) && !hasCookie;
    const wait = guesses.waitOf(client);
    if (isGuess && wait > 0) {
      if (cookie !== undefined) guesses.noteWrong(client);
      const seconds = Math.ceil(wait / 1000);
      c.header("Retry-After", `${seconds}`);
      return c.json({ error: `Too many wrong tokens came from your address; try again in ${seconds} s.` }, 429);
    }
    if (lab.isToken(inQuery)) {
      guesses.noteRight(client);
      if (!isVisit(c)) return await next();
      // With Strict, a visit from a link in an email would be redirected without the cookie that it has just received.
      setCookie(c, COOKIE, lab.cookie, {
        httpOnly: true,
        secure: c.req.url.startsWith("https:"),
        sameSite: "Lax",
        path: "/",
        maxAge: COOKIE_SECONDS,
      });
      c.header("Cache-Control", "no-store");
      return c.redirect(withoutToken(c), 303);
    }
    const hasBearer = lab.isToken(bearer);
    if (hasBearer) guesses.noteRight(client);
    else if (isGuess) guesses.noteWrong(client);
    if (hasBearer || hasCookie || LOOKS.test(c.req.path)) return await next();
    c.header("WWW-Authenticate", 'Bearer realm="MNIST Lab"');
    c.header("Cache-Control", "no-store");
    const page = takesHtml(c) ? await lockedPage(c, uiDir) : undefined;
    return page === undefined ? c.json({ error: EXPLANATION }, 401) : c.html(page, 401);
  };
}

/** Programs that ask for data keep no cookies and may not follow redirects. */
function isVisit(c: Context): boolean {
  const isPage = c.req.path === "/" || c.req.path === "/docs" || takesHtml(c);
  return isPage && (c.req.method === "GET" || c.req.method === "HEAD") && c.req.header("upgrade") === undefined;
}

function takesHtml(c: Context): boolean {
  return /\btext\/html\b/i.test(c.req.header("accept") ?? "");
}

/** The address to redirect to. It begins with one slash; two would lead to another host. */
function withoutToken(c: Context): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.delete("token");
  const query = searchParams.size === 0 ? "" : `?${searchParams}`;
  return `/${pathname.replace(/^\/+/, "")}${query}`;
}

/** Compares tokens and cookies in a time that does not depend on how close a guess is. */
class LabToken {
  /** The value of the cookie: a hash, so that nobody can read the token in a browser. */
  readonly cookie: string;
  readonly #token: Uint8Array;
  readonly #cookie: Uint8Array;

  constructor(token: string) {
    this.cookie = createHash("sha256").update(`MNIST Lab ${token}`).digest("base64url");
    this.#token = digest(token);
    this.#cookie = digest(this.cookie);
  }

  isToken(shown: string | undefined): boolean {
    return shown !== undefined && timingSafeEqual(digest(shown), this.#token);
  }

  isCookie(shown: string | undefined): boolean {
    return shown !== undefined && timingSafeEqual(digest(shown), this.#cookie);
  }
}

/** A hash of fixed length, as the comparison requires. */
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/**
 * The page that asks for the token and then leads to the requested address, or undefined if the pages are not built. It
 * says so if the request had a wrong token.
 */
async function lockedPage(c: Context, uiDir: string): Promise<string | undefined> {
  const page = await Deno.readTextFile(join(uiDir, "locked.html")).catch(() => undefined);
  const { pathname, searchParams } = new URL(c.req.url);
  const wasWrong = searchParams.has("token");
  searchParams.delete("token");
  const fields = [...searchParams].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  // Passed as functions, because a text may contain what `replace` takes for a pattern, such as $&.
  return page?.replace("{{PATH}}", () => String(html`/${pathname.replace(/^\/+/, "")}`))
    .replace("<!-- fields -->", () => fields.join(""))
    .replace(
      "<!-- error -->",
      () => wasWrong ? '<p class="error" role="alert">That is not the token of this lab.</p>' : "",
    );
}

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
/** The most addresses to remember. */
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
