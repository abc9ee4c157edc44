/** A memory for canvases of one size, with all that works in it. */
import { PAGE_BYTES } from "../../../core/codegen/wasm/assembler/module_builder.ts";
import type { PlaneTools } from "../../../core/mnist/drawing/drawing.ts";
import { Inflater } from "./inflate/inflater.ts";
import { type CanvasKernels, compileCanvasKernels } from "./kernels.ts";
import { fastPlaneTools } from "./plane.ts";

export class Workspace {
  readonly bytes: Uint8Array;
  readonly kernels: CanvasKernels;
  readonly inflater: Inflater;
  /** For a plane in this memory. */
  readonly tools: PlaneTools;
  /** Where the tools may leave what they find. */
  results = 0;

  /** With room for `size` bytes. */
  constructor(size: number) {
    // Kernels are fastest in a memory that cannot grow. In powers of two, so that few canvases make a new one, up to 64 MiB.
    const pages = 2 ** Math.ceil(Math.log2(size / PAGE_BYTES));
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(memory.buffer);
    this.kernels = compileCanvasKernels(memory);
    this.inflater = new Inflater(memory, this.kernels);
    this.tools = fastPlaneTools(memory, this.kernels, () => this.results);
  }
}
