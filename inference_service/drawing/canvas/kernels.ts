/** What is done to every byte of a canvas's file and of its picture, in WASM SIMD. */
import { ModuleBuilder, PAGE_BYTES } from "../../../core/codegen/wasm/assembler/module_builder.ts";
import { addInflateKernels, type InflateKernels } from "./inflate/inflater.ts";
import { addFilters, FILTERS, type Undo, undoName } from "./filter_kernels.ts";
import { addInk, type InkKernel } from "./ink_kernel.ts";
import { addPlaneKernels, type PlaneKernels } from "./plane_kernels.ts";

export interface CanvasKernels extends PlaneKernels, InflateKernels {
  /** By the number of the filter. */
  undo: readonly Undo[];
  ink: InkKernel;
}

/** Kernels over `memory`, which must not grow. */
export function compileCanvasKernels(memory: WebAssembly.Memory): CanvasKernels {
  const module = new ModuleBuilder({ relaxedFma: false });
  addInflateKernels(module);
  addFilters(module);
  addInk(module);
  addPlaneKernels(module);
  const code = new WebAssembly.Module(module.encode({ pages: memory.buffer.byteLength / PAGE_BYTES, shared: false }));
  const { exports } = new WebAssembly.Instance(code, { env: { memory } });
  const kernels = exports as unknown as Omit<CanvasKernels, "undo"> & Record<string, Undo>;
  return { ...kernels, undo: Array.from({ length: FILTERS }, (_, filter) => kernels[undoName(filter)]) };
}
