/** Rules that no compiler checks. Each takes the repository's files by path and returns its violations. */
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { importCycles, lineAt, type SourceImport, sourceImports, withoutComments } from "./source_files.ts";
import { type Layer, layerOf } from "./layers.ts";

/** A line that breaks a rule. */
export interface Violation {
  path: string;
  /** From 1. */
  line: number;
  rule: string;
}

type Sources = ReadonlyMap<string, string>;

const MAX_LINES = 400;

/** Parts of host names, so that this file does not contain what it looks for. */
const REGISTRY_HOSTS = [
  ["npmjs", "org"],
  ["npmjs", "com"],
  ["yarnpkg", "com"],
  ["npmmirror", "com"],
  ["jsr", "io"],
  ["pypi", "org"],
  ["pythonhosted", "org"],
].map((parts) => new RegExp(`\\b${parts.join("\\.")}\\b`, "i"));

/** All violations, sorted by path and line. */
export function violations(sources: Sources): Violation[] {
  const found = [
    ...wrongImports(sources),
    ...cycles(sources),
    ...platformUse(sources),
    ...longFiles(sources),
    ...undocumentedExports(sources),
    ...forgottenPageTests(sources),
    ...registryHosts(sources),
  ];
  return found.sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
}

/** Tests and their helpers may use Deno, Node and every layer of their top-level folder. */
function isTestCode(path: string): boolean {
  return /(_test|[_/]testing)\.tsx?$/.test(path) || /(^|\/)(testing|testdata|page_tests)\//.test(path);
}

function isCode(path: string): boolean {
  return /\.tsx?$/.test(path);
}

function topFolder(path: string): string {
  return path.slice(0, path.indexOf("/") + 1);
}

function wrongImports(sources: Sources): Violation[] {
  const found: Violation[] = [];
  for (const [path, text] of sources) {
    if (!isCode(path)) continue;
    const layer = layerOf(path);
    if (layer === undefined) {
      if (!isTestCode(path)) {
        found.push({ path, line: 1, rule: "belongs to no layer; add it to scripts/lib/layers.ts" });
      }
      continue;
    }
    for (const reference of sourceImports(text)) {
      const rule = /^\.{0,2}\//.test(reference.specifier)
        ? wrongFile(path, layer, posix.join(posix.dirname(path), reference.specifier), sources)
        : wrongPackage(path, layer, reference.specifier);
      if (rule !== undefined) found.push({ path, line: reference.line, rule });
    }
  }
  return found;
}

function wrongFile(path: string, layer: Layer, target: string, sources: Sources): string | undefined {
  if (!sources.has(target)) return `imports ${target}, which does not exist`;
  if (layer.imports.includes("*")) return;
  if (isTestCode(path)) {
    const allowed = [topFolder(path), ...layer.imports.map(topFolder), ...layer.tests ?? []];
    if (allowed.includes(topFolder(target))) return;
  } else {
    if (isTestCode(target)) return `imports ${target}, which is for tests`;
    const targetLayer = layerOf(target);
    if (targetLayer === layer || (targetLayer !== undefined && layer.imports.includes(targetLayer.path))) return;
  }
  return `${layer.path} may not import ${target} (${layer.why})`;
}

function wrongPackage(path: string, layer: Layer, specifier: string): string | undefined {
  if (layer.packages === undefined || isTestCode(path)) return;
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (layer.packages.includes(name)) return;
  const kind = isBuiltin(specifier) ? "Node's" : "the package";
  return `${layer.path} may not import ${kind} ${specifier} (${layer.why})`;
}

/** A worker starts a module graph of its own, so naming its script makes no cycle; importing a type from it does. */
function cycles(sources: Sources): Violation[] {
  const imports = new Map<string, { target: string; line: number }[]>();
  for (const [path, text] of sources) {
    if (!isCode(path)) continue;
    const resolved = (reference: SourceImport) => ({
      target: posix.join(posix.dirname(path), reference.specifier),
      line: reference.line,
    });
    const imported = sourceImports(text).filter((found) => found.kind !== "worker" && found.specifier.startsWith("."));
    imports.set(path, imported.map(resolved));
  }
  const edges = new Map([...imports].map(([path, list]) => [path, list.map(({ target }) => target)]));
  return importCycles(edges).map((cycle) => {
    const line = imports.get(cycle[0])!.find(({ target }) => target === cycle[1])!.line;
    return { path: cycle[0], line, rule: `is in a cycle of imports: ${cycle.join(" → ")}` };
  });
}

/** Examples are scripts, so they may use Deno. */
const SCRIPTS_OF_CORE = "core/examples/";

/** Folders whose code runs in Deno, in workers and in browsers alike. */
const WITHOUT_PLATFORM = ["core/", "lab/"];

function platformUse(sources: Sources): Violation[] {
  const found: Violation[] = [];
  for (const [path, text] of sources) {
    const folder = WITHOUT_PLATFORM.find((folder) => path.startsWith(folder));
    if (folder === undefined || path.startsWith(SCRIPTS_OF_CORE) || !isCode(path) || isTestCode(path)) continue;
    const code = withoutComments(text);
    for (const match of code.matchAll(/(?<![\w.$"'])(Deno|document|window|process)\.(?=\w)/g)) {
      if (bindsName(code, match[1])) continue;
      const rule = `${folder} may not use ${match[1]} (it runs in Deno, in workers and in browsers alike)`;
      found.push({ path, line: lineAt(code, match.index), rule });
    }
  }
  return found;
}

/** Whether the file has a variable or parameter called `name` itself, such as the window of a pooling layer. */
function bindsName(code: string, name: string): boolean {
  return new RegExp(`\\b(const|let)\\s+${name}\\b|[(,]\\s*${name}\\s*[,:)]`).test(code);
}

function longFiles(sources: Sources): Violation[] {
  const found: Violation[] = [];
  for (const [path, text] of sources) {
    if (!/\.(tsx?|css|wgsl)$/.test(path)) continue;
    const lines = text.trimEnd().split("\n").length;
    if (lines > MAX_LINES) {
      found.push({ path, line: MAX_LINES + 1, rule: `has ${lines} lines, more than ${MAX_LINES}` });
    }
  }
  return found;
}

/** You should not have to read the body of an export to use it. Overloads share the comment of the first. */
function undocumentedExports(sources: Sources): Violation[] {
  const found: Violation[] = [];
  for (const [path, text] of sources) {
    if (!isCode(path) || isTestCode(path)) continue;
    const lines = text.split("\n");
    const documented = new Set<string>();
    lines.forEach((line, i) => {
      const name = EXPORTED.exec(line)?.[1];
      if (name === undefined) return;
      if (/\*\/\s*$/.test(lines[i - 1] ?? "")) documented.add(name);
      else if (!documented.has(name)) found.push({ path, line: i + 1, rule: `exports ${name} without a doc comment` });
    });
  }
  return found;
}

const EXPORTED = /^export (?:abstract |async |declare )*(?:function\*?|class|interface|type|const|enum) (\w+)/;

/**
 * Page tests share one lab and one browser because one file imports them all; tests that it does not import never run.
 */
function forgottenPageTests(sources: Sources): Violation[] {
  const entry = sources.get(PAGE_TESTS);
  if (entry === undefined) return [];
  const imported = sourceImports(entry).map(({ specifier }) => posix.join(posix.dirname(PAGE_TESTS), specifier));
  return [...sources.keys()]
    .filter((path) => path.startsWith("ui/page_tests/") && !imported.includes(path))
    .map((path) => ({ path, line: 1, rule: `is not imported by ${PAGE_TESTS}, so its tests never run` }));
}

const PAGE_TESTS = "ui/pages_test.ts";

/** Where packages come from is up to the user who installs them, so no file may say it, least of all the lock file. */
function registryHosts(sources: Sources): Violation[] {
  const found: Violation[] = [];
  for (const [path, text] of sources) {
    const hosts = path === "deno.lock" ? [...REGISTRY_HOSTS, /https?:\/\//] : REGISTRY_HOSTS;
    if (!hosts.some((host) => host.test(text))) continue;
    text.split("\n").forEach((line, i) => {
      const host = hosts.map((pattern) => pattern.exec(line)).find((match) => match !== null);
      if (host) found.push({ path, line: i + 1, rule: `names the host of a package registry (${host[0]})` });
    });
  }
  return found;
}
