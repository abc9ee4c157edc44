import { ModuleBuilder, PAGE_BYTES } from "../../../core/codegen/wasm/assembler/module_builder.ts";
import type { PlaneTools } from "../../../core/mnist/drawing/drawing.ts";
import { addFilters, FILTERS, type Undo, undoName } from "./filter_kernels.ts";
import { addInk, type InkKernel } from "./ink_kernel.ts";
import { addPlaneKernels, fastPlaneTools, type PlaneKernels } from "./plane.ts";

/** The functions that go over every byte of a canvas, in WASM SIMD. */
export interface CanvasKernels extends PlaneKernels {
  /** By number of the filter. */
  undo: readonly Undo[];
  ink: InkKernel;
}

/** A memory for canvases up to some size, and the kernels that work in it. */
export class Workspace {
  readonly bytes: Uint8Array;
  readonly kernels: CanvasKernels;
  /** Tools for a plane of ink in this memory. */
  readonly tools: PlaneTools;
  /** Where the tools may write their results. */
  results = 0;

  /** @param size bytes that must fit */
  constructor(size: number) {
    // Kernels are fastest in a memory that cannot grow. With powers of two, new memories are seldom needed; 64 MiB
    // holds the largest drawing.
    const pages = 2 ** Math.ceil(Math.log2(size / PAGE_BYTES));
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(memory.buffer);
    this.kernels = compileKernels(memory);
    this.tools = fastPlaneTools(memory, this.kernels, () => this.results);
  }
}

function compileKernels(memory: WebAssembly.Memory): CanvasKernels {
  const module = new ModuleBuilder({ relaxedFma: false });
  addFilters(module);
  addInk(module);
  addPlaneKernels(module);
  const code = new WebAssembly.Module(module.encode({ pages: memory.buffer.byteLength / PAGE_BYTES, shared: false }));
  const { exports } = new WebAssembly.Instance(code, { env: { memory } });
  const kernels = exports as unknown as Omit<CanvasKernels, "undo"> & Record<string, Undo>;
  return { ...kernels, undo: Array.from({ length: FILTERS }, (_, filter) => kernels[undoName(filter)]) };
}
