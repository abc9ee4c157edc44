/** The memory of a session: offsets in it, and its reuse by the next session. */
import { PAGE_BYTES } from "../../codegen/wasm/assembler/module_builder.ts";
import { aligned } from "../../schedule.ts";

/** WebAssembly's 32-bit memories end here. */
const MAX_BYTES = 2 ** 32 - PAGE_BYTES;

/** Assigns offsets from low to high, at cache lines. */
export class Allocator {
  /** Byte 0 stays unused, so that a forgotten address becomes noticeable. */
  #end = 64;

  /**
   * The offset of `bytes` bytes.
   * @throws {RangeError} when the total no longer fits into WebAssembly's memory.
   */
  take(bytes: number): number {
    const offset = this.#end;
    this.#end += aligned(bytes);
    if (this.#end > MAX_BYTES) {
      throw new RangeError("the model and its batch need more memory than WebAssembly can address");
    }
    return offset;
  }

  /** Pages that hold everything, with room for loads that read past the end of the last buffer. */
  get pages(): number {
    return Math.ceil((this.#end + 1024) / PAGE_BYTES);
  }
}

/** Sizes are rounded up to this many pages, so that a memory fits sessions of about the same size. */
const ROUNDING = 16;
/** How many times larger than needed a memory may be, so that the largest model's memory is not kept for ever. */
const MAX_EXCESS = 4;

/**
 * How long to wait for threads to leave a memory, in ms: one that is still starting has yet to hear that its session is
 * over.
 */
const LEAVE_MS = 1000;

/** The memory of a session that has been closed. */
interface Spare {
  memory: WebAssembly.Memory;
  isShared: boolean;
  /** Whether all threads are done with it. */
  isFree(): boolean;
}

/**
 * Keeps the memory of the last closed session for the next one. Left to the garbage collector, memories of fifty
 * megabytes would pile up, because it does not see how large they are, and a shared memory has to be collected in every
 * thread.
 */
export class MemoryPool {
  #spare?: Spare;

  /** Memory of at least `pages` pages of 64 KiB, all of it 0. */
  async take(pages: number, isShared: boolean): Promise<WebAssembly.Memory> {
    const wanted = Math.ceil(pages / ROUNDING) * ROUNDING;
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined && spare.isShared === isShared) {
      const { buffer } = spare.memory;
      const size = buffer.byteLength / PAGE_BYTES;
      if (size >= wanted && size <= MAX_EXCESS * wanted && await isFreeSoon(spare)) {
        new Uint8Array(buffer).fill(0);
        return spare.memory;
      }
    }
    return new WebAssembly.Memory({ initial: wanted, maximum: wanted, shared: isShared });
  }

  /** Offers a memory to the next session. */
  give(spare: Spare): void {
    this.#spare = spare;
  }
}

async function isFreeSoon({ isFree }: Spare): Promise<boolean> {
  for (const deadline = performance.now() + LEAVE_MS; !isFree();) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return true;
}
