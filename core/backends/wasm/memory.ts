/**
 * The memory of the session that closed last, for the next one. Left to the collector, memories of fifty megabytes pile up: it
 * does not see how large they are, and one that threads share waits for the collectors of all of them.
 */
import { PAGE_BYTES } from "../../codegen/wasm/assembler/module_builder.ts";

/** Sizes are rounded up to so many pages, so that sessions that are nearly as large fit in each other's place. */
const ROUNDING = 16;
/** How much larger than needed a memory may be: one session of the largest model must not hold its memory for ever. */
const MOST_SPARE = 4;

interface Spare {
  memory: WebAssembly.Memory;
  isShared: boolean;
  /** Whether every thread has let go of it. */
  isFree(): boolean;
}

export class MemoryPool {
  #spare?: Spare;

  /** Zeroed memory of at least `pages` pages of 64 KiB. */
  take(pages: number, isShared: boolean): WebAssembly.Memory {
    const wanted = Math.ceil(pages / ROUNDING) * ROUNDING;
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined && spare.isShared === isShared && spare.isFree()) {
      const { buffer } = spare.memory;
      const size = buffer.byteLength / PAGE_BYTES;
      if (size >= wanted && size <= MOST_SPARE * wanted) {
        new Uint8Array(buffer).fill(0);
        return spare.memory;
      }
    }
    return new WebAssembly.Memory({ initial: wanted, maximum: wanted, shared: isShared });
  }

  give(spare: Spare): void {
    this.#spare = spare;
  }
}
