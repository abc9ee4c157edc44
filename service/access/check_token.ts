/** A lab with a token answers only those who show it. */
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Settings } from "../settings.ts";
import { lockedPage } from "./locked_page.ts";
import { LabToken } from "./token.ts";

/** Sent to every port of a host: one visit opens the pages of both services. */
const COOKIE = "lab_token";
const COOKIE_SECONDS = 30 * 24 * 60 * 60;

/** How the page that asks for the token looks; there is no secret in it. */
const LOOKS = /^\/assets\/(lab-[A-Za-z0-9]+\.css|theme-[A-Za-z0-9]+\.js)$/;

const EXPLANATION = "This lab asks for its token (LAB_TOKEN). Open it once as http://…/?token=…, or send the header " +
  "Authorization: Bearer and the token.";

/**
 * Lets a request pass that shows the token as `Authorization: Bearer`, as `?token=` or by the cookie that a visit with `?token=`
 * leaves behind; that visit is sent on to the address without it, so that it stays out of bookmarks and histories. Any other is a
 * 401: a page that asks for the token where a browser opens one, else JSON. Without `settings.token` all pass.
 */
export function checkToken({ token, uiDir }: Pick<Settings, "token" | "uiDir">): MiddlewareHandler {
  if (token === undefined) return (_c, next) => next();
  const lab = new LabToken(token);
  return async (c, next) => {
    const inQuery = c.req.query("token");
    if (lab.isToken(inQuery)) {
      if (!isVisit(c)) return await next();
      // Lax: with Strict, the first visit by a link in a mail would be sent on without the cookie that it has just got.
      setCookie(c, COOKIE, lab.cookie, { httpOnly: true, sameSite: "Lax", path: "/", maxAge: COOKIE_SECONDS });
      c.header("Cache-Control", "no-store");
      return c.redirect(withoutToken(c), 303);
    }
    const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (lab.isToken(bearer) || lab.isCookie(getCookie(c, COOKIE)) || LOOKS.test(c.req.path)) return await next();
    c.header("WWW-Authenticate", 'Bearer realm="MNIST Lab"');
    c.header("Cache-Control", "no-store");
    const page = takesHtml(c) ? await lockedPage(c, uiDir) : undefined;
    return page === undefined ? c.json({ error: EXPLANATION }, 401) : c.html(page, 401);
  };
}

/** A program that asks for data keeps no cookie, and may not follow. */
function isVisit(c: Context): boolean {
  const isPage = c.req.path === "/" || c.req.path === "/docs" || takesHtml(c);
  return isPage && (c.req.method === "GET" || c.req.method === "HEAD") && c.req.header("upgrade") === undefined;
}

function takesHtml(c: Context): boolean {
  return /\btext\/html\b/i.test(c.req.header("accept") ?? "");
}

/** Begins with one slash: two would lead to another host. */
function withoutToken(c: Context): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.delete("token");
  const query = searchParams.size === 0 ? "" : `?${searchParams}`;
  return `/${pathname.replace(/^\/+/, "")}${query}`;
}
