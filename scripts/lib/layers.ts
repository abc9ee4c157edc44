/** Which folders may import which: the table behind `scripts/check_layers.ts`. */

/** A layer of the architecture, and what its files may import. */
export interface Layer {
  /** A file, or a folder with everything below it; the longest match wins. */
  path: string;
  /** Paths of the layers that it may import, besides itself. `*`: all. */
  imports: readonly string[];
  /** Paths of the layers that its tests may import, too. */
  tests?: readonly string[];
  /** Packages that it may import; if undefined, any. */
  packages?: readonly string[];
  why: string;
}

const TRACE = ["core/shape.ts", "core/op.ts", "core/graph.ts"];
const PROGRAM = [...TRACE, "core/codegen/", "core/ops/", "core/random.ts", "core/fuse.ts", "core/schedule.ts"];
const BACKENDS = ["core/backends/reference/", "core/backends/wasm/", "core/backends/webgpu/"];
/** The parts of `core/models/` that need the engine. */
const NETWORKS = ["core/models/network.ts", "core/models/parameters.ts"];
/** What the other folders may use of the core. */
const PUBLIC_CORE = [
  "core/bytes.ts",
  "core/task_queue.ts",
  "core/backends/open.ts",
  "core/models/",
  ...NETWORKS,
  "core/training/",
  "core/mnist/",
  "core/formats/",
];

/** The core runs in Deno, in workers and in browsers alike, so it uses packages only where named. */
const core = (path: string, imports: readonly string[], why: string, packages: readonly string[] = []): Layer => (
  { path, imports, why, packages }
);

/** All layers. A source file outside every layer breaks a rule. */
export const LAYERS: readonly Layer[] = [
  core("core/shape.ts", [], "shapes depend on nothing"),
  core("core/bytes.ts", [], "arrays alone"),
  core("core/task_queue.ts", [], "promises alone"),
  core("core/random.ts", [], "random numbers depend only on (seed, step)"),
  core("core/codegen/", ["core/shape.ts"], "code generators know shapes, but not ops"),
  core("core/op.ts", ["core/shape.ts", "core/codegen/"], "an op names its code, not a backend's internals"),
  core("core/graph.ts", ["core/shape.ts", "core/op.ts"], "tracing knows no particular op"),
  core("core/session.ts", TRACE, "the interface of backends, without any backend"),
  core("core/ops/", [...TRACE, "core/codegen/", "core/random.ts"], "ops know graphs and code, not how programs run"),
  core("core/autodiff.ts", [...TRACE, "core/ops/"], "gradients are written in ops"),
  core("core/fuse.ts", [...TRACE, "core/ops/"], "fusing knows ops, not backends"),
  core("core/schedule.ts", [...TRACE, "core/ops/", "core/fuse.ts"], "scheduling knows ops, not backends"),
  core("core/backends/", [...PROGRAM, "core/session.ts"], "code that backends share"),
  ...BACKENDS.map((path) =>
    core(path, [...PROGRAM, "core/session.ts", "core/backends/"], "a backend knows programs, but never another backend")
  ),
  core(
    "core/backends/open.ts",
    [...TRACE, "core/session.ts", "core/backends/", ...BACKENDS],
    "the file that picks a backend",
  ),
  core("core/models/", ["core/shape.ts"], "models as data, without the engine, for every layer"),
  ...NETWORKS.map((path) =>
    core(
      path,
      [...TRACE, "core/ops/", "core/random.ts", "core/session.ts", "core/models/"],
      "networks are written in ops",
    )
  ),
  core(
    "core/training/",
    [
      ...PROGRAM,
      "core/bytes.ts",
      "core/autodiff.ts",
      "core/session.ts",
      "core/backends/open.ts",
      "core/models/",
      ...NETWORKS,
      "core/mnist/",
    ],
    "training gets its backend from open.ts, never by name",
  ),
  core("core/mnist/", ["core/models/"], "files and drawings in, bytes out"),
  core("core/formats/", ["core/shape.ts", "core/bytes.ts", "core/models/"], "tensors in, bytes out, and back", [
    "fflate",
  ]),
  core(
    "core/mod.ts",
    [...PROGRAM, "core/autodiff.ts", "core/session.ts", ...PUBLIC_CORE],
    "the core's public API for other programs",
  ),
  core("core/examples/", ["core/mod.ts"], "examples use only the public API"),
  {
    path: "protocol/",
    imports: ["core/models/"],
    packages: ["valibot"],
    why: "the vocabulary of services and pages, which knows of the engine only which models there are",
  },
  {
    path: "lab/",
    imports: [...PUBLIC_CORE, "protocol/"],
    // Tests need a disk.
    tests: ["service/"],
    packages: ["valibot"],
    why: "what a lab does, wherever it runs: lab/host.ts says what it needs of its host",
  },
  {
    path: "service/",
    imports: [...PUBLIC_CORE, "core/random.ts", "protocol/", "lab/"],
    why: "the Deno host that both services share",
  },
  {
    path: "training_service/",
    imports: [...PUBLIC_CORE, "protocol/", "lab/", "service/"],
    why: "services use the core's public files and never each other",
  },
  {
    path: "inference_service/",
    imports: [...PUBLIC_CORE, "protocol/", "lab/", "service/", "inference_service/drawing/canvas/"],
    why: "services use the core's public files and never each other",
  },
  {
    path: "inference_service/drawing/canvas/",
    imports: ["core/bytes.ts", "core/codegen/", "core/mnist/", "inference_service/"],
    why: "has its own WASM code for a canvas's pixels",
  },
  { path: "deno.json", imports: [], why: "the project's version" },
  {
    path: "cli/",
    imports: [...PUBLIC_CORE, "protocol/", "lab/", "service/", "training_service/", "inference_service/", "deno.json"],
    why: "the command line combines the services and uses their parts",
  },
  {
    path: "ui/",
    imports: [...PUBLIC_CORE, "protocol/"],
    tests: ["ui/testing/"],
    why: "pages talk to services over the wire only",
  },
  {
    path: "ui/testing/",
    imports: ["ui/", ...PUBLIC_CORE, "protocol/", "service/testing/"],
    why: "page tests start services",
  },
  { path: "scripts/", imports: ["*"], why: "tools may use everything" },
];

/** The layer of a file, or undefined if the table lacks it. */
export function layerOf(path: string): Layer | undefined {
  return LAYERS
    .filter((layer) => layer.path === path || (layer.path.endsWith("/") && path.startsWith(layer.path)))
    .sort((a, b) => b.path.length - a.path.length)[0];
}
