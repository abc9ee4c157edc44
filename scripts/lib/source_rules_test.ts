import assert from "node:assert/strict";
import { violations } from "./source_rules.ts";

/** All violations in the given files, as `path:line: rule`. */
function broken(files: Record<string, string>): string[] {
  return violations(new Map(Object.entries(files))).map(({ path, line, rule }) => `${path}:${line}: ${rule}`);
}

function assertOne(found: string[], pattern: RegExp) {
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0], pattern);
}

Deno.test("imports down the layers break no rule", () => {
  const found = broken({
    "core/shape.ts": `/** One. */\nexport const a = 1;`,
    "core/ops/mod.ts": `import { a } from "../shape.ts";`,
    "core/backends/open.ts": [
      `import * as wasm from "./wasm/backend.ts";`,
      `import type { W } from "./wasm/worker.ts";`,
    ].join("\n"),
    "core/backends/wasm/backend.ts": `import * as ops from "../../ops/mod.ts";`,
    "core/backends/wasm/worker.ts": ``,
    "core/training/trainer.ts": `import { open } from "../backends/open.ts";`,
    "training_service/threads/training_worker.ts": `import { openTrainer } from "../../core/training/trainer.ts";`,
    "scripts/dev.ts": `import "../training_service/threads/training_worker.ts";`,
  });
  assert.deepEqual(found, []);
});

Deno.test("an import up the layers is reported with file, line and rule", () => {
  const found = broken({
    "core/shape.ts": `\nimport { op } from "./ops/mod.ts";`,
    "core/ops/mod.ts": ``,
  });
  assert.deepEqual(found, ["core/shape.ts:2: core/shape.ts may not import core/ops/mod.ts (shapes depend on nothing)"]);
});

Deno.test("the services never import each other, not even for types or as workers", () => {
  const files = { "inference_service/app.ts": `` };
  const target = `"../inference_service/app.ts"`;
  for (const line of [`import type { A } from ${target};`, `const url = new URL(${target}, import.meta.url);`]) {
    assertOne(
      broken({ ...files, "training_service/app.ts": line }),
      /^training_service\/app\.ts:1: .*never each other/,
    );
  }
});

Deno.test("a backend is imported by open.ts only", () => {
  const files = { "core/backends/wasm/backend.ts": ``, "core/backends/reference/backend.ts": `` };
  assertOne(broken({ ...files, "core/training/trainer.ts": `import "../backends/wasm/backend.ts";` }), /from open\.ts/);
  assertOne(broken({ ...files, "core/backends/wasm/x.ts": `import "../reference/backend.ts";` }), /never another/);
});

Deno.test("the core uses neither Node nor packages nor the platform, but its tests may", () => {
  const source = [`import assert from "node:assert/strict";`, `Deno.test("x", () => assert(true));`].join("\n");
  assert.equal(broken({ "core/mnist/idx.ts": source }).length, 2);
  assert.deepEqual(broken({ "core/mnist/idx_test.ts": source }), []);
  assertOne(broken({ "core/training/a.ts": `import { h } from "preact";` }), /may not import the package preact/);
  assertOne(broken({ "core/training/a.ts": `const w = window.innerWidth;` }), /may not use window/);
  assert.deepEqual(broken({ "core/training/a.ts": `each((window, i) => window.map(i));` }), []);
  assert.deepEqual(broken({ "core/training/a.ts": `// The end of a window. Deno.x\nconst a = view.window.size;` }), []);
});

Deno.test("the lab uses neither the platform nor the services, but its tests may use a service's disk", () => {
  const files = { "service/files/disk_folder.ts": `` };
  const source = `import "../../service/files/disk_folder.ts";`;
  assertOne(broken({ ...files, "lab/models/a.ts": source }), /lab\/ may not import service/);
  assert.deepEqual(broken({ ...files, "lab/models/a_test.ts": source }), []);
  assertOne(broken({ "lab/models/a.ts": `Deno.statSync("/");` }), /lab\/ may not use Deno/);
  assertOne(broken({ "lab/models/a.ts": `import "node:path";` }), /lab\/ may not import Node's node:path/);
});

Deno.test("tests may use every layer of their own folder, and otherwise only what their folder may use", () => {
  const files = { "core/backends/wasm/backend.ts": ``, "core/testing/close.ts": ``, "lab/models/mod.ts": `` };
  const test = [`import "../backends/wasm/backend.ts";`, `import "../testing/close.ts";`].join("\n");
  assert.deepEqual(broken({ ...files, "core/ops/ops_test.ts": test }), []);
  assertOne(
    broken({ ...files, "core/ops/ops_test.ts": `import "../../lab/models/mod.ts";` }),
    /may not import lab/,
  );
  assertOne(broken({ ...files, "core/ops/mod.ts": `import "../testing/close.ts";` }), /which is for tests/);
});

Deno.test("cycles of imports are refused, including imports of types", () => {
  const files = { "ui/a.ts": `import { b } from "./b.ts";` };
  for (const keyword of ["import", "import type"]) {
    assertOne(
      broken({ ...files, "ui/b.ts": `${keyword} { a } from "./a.ts";` }),
      /^ui\/a\.ts:1: is in a cycle of imports: ui\/a\.ts → ui\/b\.ts → ui\/a\.ts$/,
    );
  }
});

Deno.test("an export without a doc comment is reported, except in tests and for second overloads", () => {
  const source = "/** Adds. */\nexport function add(a: number): number;\nexport function add(a: string): string;\n";
  assert.deepEqual(broken({ "ui/a.ts": source }), []);
  assertOne(broken({ "ui/a.ts": "\nexport interface A {}" }), /^ui\/a\.ts:2: exports A without a doc comment$/);
  for (const path of ["ui/a_test.ts", "ui/a_testing.ts", "ui/testing.ts", "ui/testing/a.ts"]) {
    assert.deepEqual(broken({ [path]: "export const a = 1;" }), []);
  }
});

Deno.test("a file over 400 lines, a file without a layer and a missing import are reported", () => {
  assert.deepEqual(broken({ "ui/a.css": "x\n".repeat(400) }), []);
  assertOne(broken({ "ui/a.css": "x\n".repeat(401) }), /^ui\/a\.css:401: has 401 lines, more than 400$/);
  assertOne(broken({ "tools/a.ts": `` }), /belongs to no layer/);
  assertOne(broken({ "ui/a.ts": `import "./gone.ts";` }), /imports ui\/gone\.ts, which does not exist/);
});

Deno.test("no file names a registry's host, and the lock file names no host at all", () => {
  const host = ["registry", "npmjs", "org"].join(".");
  assertOne(broken({ "README.md": `see\nhttps://${host}/x` }), /^README\.md:2: names the host of a package registry/);
  assertOne(broken({ "deno.lock": `"tarball": "https://mirror.example/x.tgz"` }), /^deno\.lock:1:/);
  assert.deepEqual(broken({ "README.md": `https://example.com`, "a/b.md": `registry.list.length` }), []);
});

Deno.test("a page test that the common file does not import is named", () => {
  const files = { "ui/pages_test.ts": `import "./page_tests/a.ts";`, "ui/page_tests/a.ts": `` };
  assert.deepEqual(broken(files), []);
  assertOne(
    broken({ ...files, "ui/page_tests/b.ts": `` }),
    /^ui\/page_tests\/b\.ts:1: is not imported by ui\/pages_test/,
  );
});
