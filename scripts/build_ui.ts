/**
 * Bundles the pages into `dist/ui`: one HTML file each, with scripts and the stylesheet named after a hash of their
 * content.
 */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { PAGE_HEADS, PAGE_WORDS, type PageName } from "../ui/shared/components/page_words.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SWAP_ATTEMPTS = 10;
const PAGES = ["training", "inference", "docs"] as const;
/** Where the sources of each page are. */
const FOLDERS = { training: "training", inference: "drawing", docs: "docs" } as const;

/** A file of the built pages. */
export interface BuiltFile {
  /** Relative to the output folder. */
  path: string;
  bytes: number;
  gzipBytes: number;
}

/**
 * Builds beside `target` and swaps at the end, so that a failed build leaves the last good one in place. Each asset
 * also gets a gzipped copy whose name ends in `.gz`.
 */
export async function buildUi(target = join(ROOT, "dist/ui")): Promise<BuiltFile[]> {
  const fresh = `${target}.${crypto.randomUUID()}.tmp`;
  try {
    const files = await bundle();
    await Deno.mkdir(join(fresh, "assets"), { recursive: true });
    const built: BuiltFile[] = [];
    for (const [path, contents] of files) {
      const zipped = gzipSync(contents, { level: 9 });
      await Deno.writeFile(join(fresh, path), contents);
      // Not the pages themselves: they are filled in for each visitor.
      if (path.startsWith("assets/")) await Deno.writeFile(join(fresh, `${path}.gz`), zipped);
      built.push({ path, bytes: contents.length, gzipBytes: zipped.length });
    }
    await swap(fresh, target);
    return built;
  } finally {
    await removeIfThere(fresh);
    await esbuild.stop();
  }
}

/** File contents by path. */
async function bundle(): Promise<Map<string, Uint8Array>> {
  const compiled = [
    // Separately, because pages with shared parts would load more of them.
    ...await Promise.all(
      PAGES.map((page) => compile("esm", [{ in: `ui/${FOLDERS[page]}/main.tsx`, out: page }])),
    ),
    await compile("esm", [{ in: "ui/shared/styles/main.css", out: "lab" }]),
    // Not a module, because modules run only after the first paint.
    await compile("iife", [{ in: "ui/shared/theme/first_paint.ts", out: "theme" }]),
  ];
  const outputFiles = compiled.flatMap((each) => each.outputFiles);
  const files = new Map(outputFiles.map((file) => [`assets/${basename(file.path)}`, file.contents]));
  const asset = (name: string, extension: string) => {
    const pattern = new RegExp(`^assets/${name}-[^/]+\\.${extension}$`);
    return `/${files.keys().find((path) => pattern.test(path))}`;
  };
  // The icon is part of the page, because a separate file would cost a request for 200 bytes.
  const icon = `data:image/svg+xml,${
    encodeURIComponent(await Deno.readTextFile(join(ROOT, "ui/shared/styles/icon.svg")))
  }`;
  const style = asset("lab", "css"), theme = asset("theme", "js");
  const dressed = async (path: string) =>
    (await Deno.readTextFile(join(ROOT, path)))
      .replace("{{STYLE}}", style)
      .replace("{{THEME}}", theme)
      .replace("{{ICON}}", icon);
  const frame = await dressed("ui/page.html");
  const pages = PAGES.map((page, i) => {
    const script = asset(page, "js");
    const parts = partsOf(compiled[i].metafile, script).map((part) => `<link rel="modulepreload" href="${part}">`);
    return [page, filled(frame, page).replace("{{SCRIPT}}", script).replace("<!-- parts -->", parts.join(""))] as const;
  });
  for (const [name, html] of [...pages, ["locked", await dressed("ui/locked.html")] as const]) {
    files.set(`${name}.html`, new TextEncoder().encode(html));
  }
  return files;
}

/** Fills the frame that all pages share with one page's text and its entry in the navigation. */
function filled(frame: string, page: PageName): string {
  const { tab, description } = PAGE_HEADS[page], { title, lead } = PAGE_WORDS[page];
  return frame
    .replace("{{ TAB }}", tab)
    .replace("{{ DESCRIPTION }}", description)
    .replace("{{ TITLE }}", title)
    .replace("{{ LEAD }}", lead)
    .replace(`<a href="{{${page.toUpperCase()}_URL}}/"`, '$& aria-current="page"');
}

/** The parts that a script needs from the start, as opposed to those that it loads when they are first needed. */
function partsOf({ outputs }: esbuild.Metafile, script: string): string[] {
  const parts = new Set<string>();
  const visit = (path: string) => {
    for (const { path: part, kind } of outputs[path].imports) {
      if (kind !== "import-statement" || parts.has(part)) continue;
      parts.add(part);
      visit(part);
    }
  };
  visit(Object.keys(outputs).find((path) => path.endsWith(script))!);
  return [...parts].map((path) => `/assets/${basename(path)}`);
}

async function compile(format: "esm" | "iife", entryPoints: { in: string; out: string }[]) {
  return await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints,
    outdir: "dist/ui/assets",
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    splitting: format === "esm",
    metafile: true,
    bundle: true,
    minify: true,
    format,
    target: ["chrome123", "firefox128", "safari17.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    write: false,
    logLevel: "warning",
    // What only Deno needs stays out, such as the verifier of emitted code: browsers check every access themselves.
    define: { "globalThis.Deno": "undefined" },
    // All browsers support it, but the bundler assumes otherwise and would keep a long pattern of valibot's that no
    // page uses.
    supported: { "regexp-unicode-property-escapes": true },
    plugins: [withoutSideEffects],
  });
}

/** A schema's declaration: one line, or lines that are indented up to the one that ends it. */
const SCHEMA = /^export const (\w+Schema) = (.*|.*\n(?:[ \t].*\n|\n)*\S.*);$/gm;

/**
 * Schemas and ops are made by calls, which a bundler keeps in case they have side effects. They have none, so this
 * plugin drops modules of these folders that no page uses, and unused schemas of modules that are used.
 */
const withoutSideEffects: esbuild.Plugin = {
  name: "without side effects",
  setup(build) {
    const folders = ["protocol", "core/ops", "core/codegen/wasm/verifier"].map((folder) => join(ROOT, folder));
    build.onResolve({ filter: /^\.{1,2}\/.+\.ts$/ }, ({ path, resolveDir }) => {
      const resolved = join(resolveDir, path);
      return folders.includes(dirname(resolved)) ? { path: resolved, sideEffects: false } : undefined;
    });
    build.onLoad({ filter: /[\\/]protocol[\\/]\w+\.ts$/ }, async ({ path }) => {
      const contents = (await Deno.readTextFile(path))
        .replaceAll(SCHEMA, "export const $1 = /* @__PURE__ */ (() => $2)();")
        .replaceAll(/\bv\.(?=\w+\()/g, "/* @__PURE__ */ v.");
      return { contents, loader: "ts" };
    });
  },
};

/**
 * Swaps `fresh` into place. Another process may build at the same time and swap between the two steps; then its pages
 * are replaced, too.
 */
async function swap(fresh: string, target: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const old = `${fresh}.${attempt}.old`;
    await Deno.rename(target, old).catch(ignoreMissing);
    const problem = await Deno.rename(fresh, target).then(() => undefined, (error) => error);
    // Fails if another process has put its pages there meanwhile.
    if (problem !== undefined) await Deno.rename(old, target).catch(() => {});
    await removeIfThere(old);
    if (problem === undefined) return;
    if (attempt === SWAP_ATTEMPTS) throw problem;
  }
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(ignoreMissing);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) {
  for (const { path, bytes, gzipBytes } of await buildUi()) {
    console.log(`dist/ui/${path}: ${kilobytes(bytes)}, ${kilobytes(gzipBytes)} gzipped`);
  }
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
