/** What a person sees who has not shown the token. */
import { join } from "node:path";
import type { Context } from "hono";
import { escapeHtml } from "../escape_html.ts";

/**
 * The page with a field for the token, which leads on to what was asked for; undefined where the pages are not built. A token
 * that came and was wrong is told.
 */
export async function lockedPage(c: Context, uiDir: string): Promise<string | undefined> {
  const html = await Deno.readTextFile(join(uiDir, "locked.html")).catch(() => undefined);
  const { pathname, searchParams } = new URL(c.req.url);
  const wasWrong = searchParams.has("token");
  searchParams.delete("token");
  const fields = [...searchParams].map(([name, value]) =>
    `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`
  );
  // Replaced by functions: a text could hold what replaceAll takes for a pattern.
  return html?.replace("{{PATH}}", () => escapeHtml(`/${pathname.replace(/^\/+/, "")}`))
    .replace("<!-- fields -->", () => fields.join(""))
    .replace(
      "<!-- error -->",
      () => wasWrong ? '<p class="error" role="alert">That is not the token of this lab.</p>' : "",
    );
}
