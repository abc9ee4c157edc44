import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { buildUi } from "./build_ui.ts";

/** The most that a visitor may have to download for a page, in bytes. */
const SCRIPT_BUDGET = 75_000;

Deno.test("the pages are built, name their assets, leave the ports to the server, and hold little code, only for browsers", async () => {
  const folder = await Deno.makeTempDir();
  const target = join(folder, "ui");
  try {
    await Deno.mkdir(target);
    await Deno.writeTextFile(join(target, "stale.js"), "");
    const built = await buildUi(target);
    const present = Array.from(Deno.readDirSync(target), (entry) => entry.name).sort();
    assert.deepEqual(present, ["assets", "docs.html", "inference.html", "locked.html", "training.html"]);
    assert.deepEqual(Array.from(Deno.readDirSync(folder), (entry) => entry.name), ["ui"]);
    for (const page of ["training", "inference", "docs"]) {
      const html = await Deno.readTextFile(join(target, `${page}.html`));
      assert.match(html, /<meta name="lab-pages" content="{{TRAINING_PAGE}} {{INFERENCE_PAGE}}"/);
      for (const [, path] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) {
        assert.ok(built.some((file) => file.path === path), `${page}.html asks for ${path}`);
      }
      assert.doesNotMatch(html, /<script(?![^>]* src=)|<style|{{ ?(SCRIPT|STYLE|ICON|THEME|TITLE|LEAD)/);
      assert.doesNotMatch(html, /<!--/);
      const scripts = built.filter(({ path }) => path.endsWith(".js") && html.includes(`="/${path}"`));
      assert.ok(scripts.length >= 2, "the theme's and the page's");
      const bytes = scripts.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0);
      assert.ok(bytes <= SCRIPT_BUDGET, `${page}: ${bytes} bytes gzipped`);
      for (const { path } of scripts) {
        const code = await Deno.readTextFile(join(target, path));
        assert.doesNotMatch(code, /\bDeno\.|["'`]node:/, `${path}: code that no browser runs`);
        assert.doesNotMatch(
          code,
          /pooledWeightGradient|singleChannelWeightGradient/,
          `${path} contains training kernels`,
        );
        const zipped = gunzipSync(await Deno.readFile(join(target, `${path}.gz`)));
        assert.equal(new TextDecoder().decode(zipped), code);
      }
    }
    const locked = await Deno.readTextFile(join(target, "locked.html"));
    for (const gap of ["{{PATH}}", "<!-- fields -->", "<!-- error -->"]) assert.ok(locked.includes(gap), gap);
    assert.doesNotMatch(locked, /<script(?![^>]* src="\/assets\/theme-)|<style|{{ ?(STYLE|ICON|THEME)/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
