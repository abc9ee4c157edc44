/**
 * Zlib streams (RFC 1950, RFC 1951) inflated within a WebAssembly memory, next to whoever works on there. `node:zlib` does
 * the same, but spends half of its time on room for its output, and the rest of a drawing waits for a copy of that.
 */
import type { ModuleBuilder } from "../../../../core/codegen/wasm/assembler/module_builder.ts";
import { VECTOR_BYTES } from "../steps.ts";
import { BitReader } from "./bit_reader.ts";
import { addBlock, type BlockKernel } from "./block_kernel.ts";
import { addChecksum, type ChecksumKernel } from "./checksum_kernel.ts";
import { type CodeLengths, FIXED_LENGTHS, readCodeLengths } from "./code_lengths.ts";
import { writeDecoder } from "./decoder.ts";
import { BIT, DISTANCES, LITERALS, OUT, PATTERNS, STATUS, STATUS_OF, STRIDES, SUMS } from "./layout.ts";
import { DISTANCE_SYMBOLS, LITERAL_SYMBOLS } from "./symbols.ts";

export { INFLATE_BYTES, INFLATE_MARGIN } from "./layout.ts";

export interface InflateKernels {
  block: BlockKernel;
  checksum: ChecksumKernel;
}

export function addInflateKernels(module: ModuleBuilder) {
  addBlock(module);
  addChecksum(module);
}

/**
 * How inflating went: `longer` for a stream of which more comes than there is room for, `unusual` for one in more blocks than
 * were to be gone through.
 */
export type Inflated = "whole" | "longer" | "damaged" | "unusual";

interface Outcome {
  result: Inflated;
  /** Where the output ends. */
  end: number;
}

const DEFLATE = 8, MAX_WINDOW = 7, HAS_DICTIONARY = 0x20;
const STORED = 0, FIXED = 1, DYNAMIC = 2;

export class Inflater {
  /** Whose decoders stand in memory: many short blocks may share them. */
  #lengths?: CodeLengths;

  /** The first `INFLATE_BYTES` of the memory are the inflater's. */
  constructor(private readonly memory: WebAssembly.Memory, private readonly kernels: InflateKernels) {
    const bytes = new Uint8Array(memory.buffer), words = new Uint32Array(memory.buffer);
    for (let distance = 1; distance < VECTOR_BYTES; distance++) {
      for (let i = 0; i < VECTOR_BYTES; i++) bytes[PATTERNS + distance * VECTOR_BYTES + i] = i % distance;
      words[STRIDES / 4 + distance] = VECTOR_BYTES - VECTOR_BYTES % distance;
    }
  }

  /**
   * Inflates the stream `from` … `end`, which may be followed by anything, to `to` and as many bytes on as it has; writes
   * nothing beyond `limit` but up to `INFLATE_MARGIN` bytes, and reads as many behind `end`. Each block costs some
   * microseconds, however short it is, and a hostile stream has nothing but short ones: after `maxBlocks` it is given up.
   */
  inflate(from: number, end: number, to: number, limit: number, maxBlocks: number): Outcome {
    const bytes = new Uint8Array(this.memory.buffer);
    const damaged = { result: "damaged", end: to } as const;
    if (end - from < 2 || !isHeader(bytes[from], bytes[from + 1])) return damaged;
    const bits = new BitReader(bytes, 8 * (from + 2), 8 * end);
    let out = to;
    for (let isLast = false, blocks = 0; !isLast;) {
      if (blocks++ === maxBlocks) return { result: "unusual", end: out };
      isLast = bits.read(1) === 1;
      const block = this.#inflateBlock(bits, bits.read(2), to, out, limit);
      out = block.end;
      if (block.result !== "whole") return block;
    }
    bits.skipToByte();
    if (bits.bit + 32 > bits.end) return damaged;
    const isSound = this.#adler32(to, out) === new DataView(this.memory.buffer).getUint32(bits.bit >> 3);
    return { result: isSound ? "whole" : "damaged", end: out };
  }

  #inflateBlock(bits: BitReader, kind: number, start: number, out: number, limit: number): Outcome {
    if (kind === STORED) return copyStored(new Uint8Array(this.memory.buffer), bits, out, limit);
    const lengths = kind === FIXED ? FIXED_LENGTHS : kind === DYNAMIC ? readCodeLengths(bits) : undefined;
    if (lengths === undefined || !this.#writeDecoders(lengths)) return { result: "damaged", end: out };
    this.kernels.block(bits.bit, bits.end, start, out, limit);
    const words = new Int32Array(this.memory.buffer, 0, STATUS / 4 + 1);
    bits.bit = words[BIT / 4];
    return { result: resultOf(words[STATUS / 4]), end: words[OUT / 4] };
  }

  #writeDecoders(lengths: CodeLengths): boolean {
    if (this.#lengths === lengths) return true;
    this.#lengths = undefined;
    const words = new Uint32Array(this.memory.buffer);
    const areCodes = writeDecoder(words, LITERALS, lengths.literals, LITERAL_SYMBOLS) &&
      writeDecoder(words, DISTANCES, lengths.distances, DISTANCE_SYMBOLS, true);
    if (areCodes) this.#lengths = lengths;
    return areCodes;
  }

  #adler32(from: number, end: number): number {
    this.kernels.checksum(from, end);
    const [sum, sumOfSums] = new Uint32Array(this.memory.buffer, SUMS, 2);
    return sumOfSums * 0x10000 + sum;
  }
}

function isHeader(method: number, flags: number): boolean {
  const knows = (method & 15) === DEFLATE && method >> 4 <= MAX_WINDOW && (flags & HAS_DICTIONARY) === 0;
  return knows && (method << 8 | flags) % 31 === 0;
}

function resultOf(status: number): Inflated {
  if (status === STATUS_OF.blockEnd) return "whole";
  return status === STATUS_OF.outputFull ? "longer" : "damaged";
}

/** A block of plain bytes, its length and the length's complement before them. */
function copyStored(
  bytes: Uint8Array,
  bits: BitReader,
  out: number,
  limit: number,
): Outcome {
  bits.skipToByte();
  const length = bits.read(16), complement = bits.read(16);
  if (length !== (complement ^ 0xffff) || bits.bit + 8 * length > bits.end) return { result: "damaged", end: out };
  if (length > limit - out) return { result: "longer", end: out };
  bytes.copyWithin(out, bits.bit >> 3, (bits.bit >> 3) + length);
  bits.bit += 8 * length;
  return { result: "whole", end: out + length };
}
