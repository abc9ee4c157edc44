import assert from "node:assert/strict";
import { constants, deflateSync, inflateSync, type ZlibOptions } from "node:zlib";
import { ModuleBuilder, PAGE_BYTES } from "../../../../core/codegen/wasm/assembler/module_builder.ts";
import { damaged } from "../../../../core/testing/damage.ts";
import { fuzz } from "../../../../core/testing/fuzz.ts";
import { addInflateKernels, INFLATE_BYTES, INFLATE_MARGIN, type InflateKernels, Inflater } from "./inflater.ts";

/** More than any of the texts, or streams, has. */
const MOST = 4 * PAGE_BYTES;
const PAGES = 2 * MOST / PAGE_BYTES + 1;
const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
const inflater = new Inflater(memory, compile());

function compile(): InflateKernels {
  const module = new ModuleBuilder({ relaxedFma: false });
  addInflateKernels(module);
  const code = new WebAssembly.Module(module.encode({ pages: PAGES, shared: false }));
  return new WebAssembly.Instance(code, { env: { memory } }).exports as unknown as InflateKernels;
}

/** Inflates among bytes of nonsense, of which those beyond the margin must stay. */
function inflate(stream: Uint8Array, size: number, maxBlocks = Infinity) {
  const from = INFLATE_BYTES + 3, to = from + stream.length + INFLATE_MARGIN, limit = to + size;
  const bytes = new Uint8Array(memory.buffer, 0, limit + 2 * INFLATE_MARGIN).fill(0xa5, INFLATE_BYTES);
  bytes.set(stream, from);
  const { result, end } = inflater.inflate(from, from + stream.length, to, limit, maxBlocks);
  assert.ok(end <= limit);
  for (const around of [bytes.subarray(from + stream.length, to), bytes.subarray(limit + INFLATE_MARGIN)]) {
    assert.equal(around.findIndex((byte) => byte !== 0xa5), -1, "something was written elsewhere");
  }
  return { result, output: bytes.slice(to, end) };
}

/** What zlib makes of a stream, if it is at most `size` bytes; undefined for a damaged one. */
function expected(stream: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return Uint8Array.from(inflateSync(stream, { maxOutputLength: size, chunkSize: size + 64 }));
  } catch {
    return undefined;
  }
}

/** The stream with the sum at its end that its output has: what is wrong with it then is not for the sum to find. */
function withSum(stream: Uint8Array, output: Uint8Array): Uint8Array {
  if (stream.length < 4) return stream;
  let a = 1, b = 0;
  for (const byte of output) b = (b + (a = (a + byte) % 65521)) % 65521;
  const summed = stream.slice();
  summed.set([b >> 8, b, a >> 8, a], summed.length - 4);
  return summed;
}

const { Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FILTERED, Z_DEFAULT_STRATEGY } = constants;
const WAYS: ZlibOptions[] = [
  { level: 0 },
  { level: 1 },
  { level: 9 },
  ...[Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FILTERED].map((strategy) => ({ level: 6, strategy })),
  // Many blocks.
  { level: 6, memLevel: 1, strategy: Z_DEFAULT_STRATEGY },
  { level: 6, windowBits: 9 },
];

/** Skewed, so that some codes are long: byte b about every 2^(b / 2) bytes. */
function skewed(length: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return 2 * Math.clz32(state | 1) + (state & 1);
  });
}

const TEXTS: Record<string, Uint8Array> = {
  nothing: new Uint8Array(0),
  "one byte": Uint8Array.of(7),
  zeros: new Uint8Array(100_000),
  "zeros in between": Uint8Array.from({ length: 20_000 }, (_, i) => i % 700 < 300 ? 5 + i % 3 : 0),
  "no order": Uint8Array.from({ length: 70_000 }, (_, i) => Math.imul(i * i + 17, 2654435761) >>> 23),
  "far copies": Uint8Array.from({ length: 90_000 }, (_, i) => Math.imul(i % 32_000, 2654435761) >>> 24),
  "long codes": skewed(200_000),
};
for (let period = 1; period <= 40; period++) {
  TEXTS[`period ${period}`] = Uint8Array.from({ length: 5_000 + period }, (_, i) => i % period * 37);
}

Deno.test("what zlib compressed in any way is inflated to the byte", () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    for (const way of WAYS) {
      const { result, output } = inflate(deflateSync(text, way), text.length);
      const what = `${name}, ${JSON.stringify(way)}`;
      assert.equal(result, "whole", what);
      assert.deepEqual(output, text, what);
    }
  }
});

Deno.test("a stream that gives more than there is room for is stopped there, and one that gives less says where it ends", () => {
  for (const way of WAYS) {
    const stream = deflateSync(TEXTS.zeros, way);
    assert.equal(inflate(stream, TEXTS.zeros.length - 1).result, "longer", JSON.stringify(way));
    assert.equal(inflate(stream, 0).result, "longer");
    const { result, output } = inflate(stream, TEXTS.zeros.length + 1);
    assert.deepEqual([result, output.length], ["whole", TEXTS.zeros.length]);
  }
});

Deno.test("bytes behind a stream are none of its", () => {
  const stream = deflateSync(TEXTS["period 9"]);
  assert.equal(inflate(Uint8Array.from([...stream, 1, 2, 3]), TEXTS["period 9"].length).result, "whole");
});

/** Bits as they stand in RFC 1951: numbers lowest bit first, codes highest first. A sum of zeros follows. */
function streamOf(...parts: (string | [value: number, bits: number])[]): Uint8Array {
  const bits = parts.map((part) =>
    typeof part === "string" ? part : [...part[0].toString(2).padStart(part[1], "0")].reverse().join("")
  ).join("");
  const bytes = bits.match(/.{1,8}/g)!.map((byte) => parseInt([...byte.padEnd(8, "0")].reverse().join(""), 2));
  return Uint8Array.from([0x78, 0x9c, ...bytes, 0, 0, 0, 0]);
}

type Bits = Parameters<typeof streamOf>[number];

/** A last block of its own codes; lengths are 1 (`ONE`), zeros (`zeros`) or three of the one before (`REPEAT`). */
function dynamic(literals: number, distances: number, lengths: Bits[], ...data: string[]): Uint8Array {
  // Of the codes for lengths, in their strange order: 16 and 18 have two bits, 1 has one.
  const ofLengths = [2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].map((bits): Bits => [bits, 3]);
  const header: Bits[] = [[1, 1], [2, 2], [literals - 257, 5], [distances - 1, 5], [ofLengths.length - 4, 4]];
  return streamOf(...header, ...ofLengths, ...lengths, ...data);
}

const ONE = "0", REPEAT: Bits[] = ["10", [0, 2]];
const zeros = (count: number): Bits[] => ["11", [count - 11, 7]];
/** Zeros for the literals up to 254: then two codes of one bit, for 255 and the end of the block. */
const NO_LITERALS = [...zeros(138), ...zeros(117)], TWO_CODES = [...NO_LITERALS, ONE, ONE];
const LITERAL_255 = "0", BLOCK_END = "1";

Deno.test("a block of codes of its own is what it is to zlib", () => {
  const stream = dynamic(257, 1, [...TWO_CODES, ONE], LITERAL_255, LITERAL_255, BLOCK_END);
  const sound = withSum(stream, Uint8Array.of(255, 255));
  assert.deepEqual(expected(sound, 100), Uint8Array.of(255, 255));
  assert.deepEqual(inflate(sound, 100), { result: "whole", output: Uint8Array.of(255, 255) });
});

Deno.test("what no compressor would write is refused, though its sum be right", () => {
  const fixed: Bits[] = [[1, 1], [1, 2]];
  const A = "10010001", COPY_3 = "0000001", COPY_258 = "11000101", END = "0000000";
  // More than any distance reaches back.
  const much = [A, ...Array.from({ length: 130 }, () => [COPY_258, "00000"]).flat()], room = 40_000;
  const refused: Record<string, Uint8Array> = {
    "a fourth kind of block": streamOf([1, 1], [3, 2]),
    "a stored block of the wrong complement": streamOf([1, 1], [0, 2], "00000", [3, 16], [3, 16], [0, 24]),
    "a copy from before the beginning": streamOf(...fixed, A, COPY_3, "00001", END),
    "a distance that does not exist": streamOf(...fixed, ...much, COPY_3, "11110", [0, 14], END),
    "a length that does not exist": streamOf(...fixed, A, "11000110", "00000", END),
    "too many literals": dynamic(287, 1, [...TWO_CODES, ...zeros(30), ONE], LITERAL_255, BLOCK_END),
    "too many distances": dynamic(257, 31, [...TWO_CODES, ONE, ...zeros(30)], LITERAL_255, BLOCK_END),
    "lengths of no code": streamOf([1, 1], [2, 2], [0, 5], [0, 5], [0, 4], [1, 3], [1, 3], [1, 3], [0, 3]),
    "a code with room left": dynamic(257, 1, [...NO_LITERALS.slice(0, 2), ...zeros(118), ONE, ONE], BLOCK_END),
    "a length that repeats nothing": dynamic(
      257,
      1,
      [...REPEAT, ...zeros(138), ...zeros(114), ONE, ONE, ONE],
      LITERAL_255,
      BLOCK_END,
    ),
    "lengths beyond the last": dynamic(257, 1, [...TWO_CODES, ...zeros(11)], LITERAL_255, BLOCK_END),
    "another method": Uint8Array.of(0x77, 0x85, 3, 0, 0, 0, 0, 1),
    "a dictionary": Uint8Array.of(0x78, 0xbb, 3, 0, 0, 0, 0, 1),
    "nothing at all": new Uint8Array(0),
  };
  for (const [what, stream] of Object.entries(refused)) {
    for (const tried of [stream, withSum(stream, inflate(stream, room).output)]) {
      assert.equal(expected(tried, room), undefined, what);
      assert.equal(inflate(tried, room).result, "damaged", what);
    }
  }
});

Deno.test("a block without an end is refused before anything comes out of it", () => {
  const endless = dynamic(257, 1, [ONE, ONE, ...zeros(138), ...zeros(117), ONE], "0".repeat(50));
  assert.deepEqual(inflate(endless, 2), { result: "damaged", output: new Uint8Array(0) });
});

Deno.test("a stream in more blocks than are to be gone through is given up", () => {
  const EMPTY: Bits[] = [[0, 1], [1, 2], "0000000"];
  const stream = withSum(
    streamOf(...Array.from({ length: 99 }, () => EMPTY).flat(), [1, 1], [1, 2], "0000000"),
    new Uint8Array(0),
  );
  assert.equal(inflate(stream, 10, 99).result, "unusual");
  assert.deepEqual(inflate(stream, 10, 100), { result: "whole", output: new Uint8Array(0) });
});

/** Room for what damage may make of the short texts below. */
const ENOUGH = 4096;

/** What zlib refuses is refused, and all else becomes the same; also with the sum set right. Says whether it was refused. */
function agreesWithZlib(stream: Uint8Array): boolean {
  const [refused] = [stream, withSum(stream, inflate(stream, ENOUGH).output)].map((tried) => {
    const output = expected(tried, ENOUGH);
    const ours = inflate(tried, ENOUGH);
    assert.equal(ours.result === "whole", output !== undefined);
    if (output !== undefined) assert.deepEqual(ours.output, output);
    return output === undefined;
  });
  return refused;
}

const SHORT_STREAMS = WAYS.flatMap((way) =>
  ["long codes", "period 5", "far copies"].map((name) => Uint8Array.from(deflateSync(TEXTS[name].subarray(0, 90), way)))
);

Deno.test("a stream cut short anywhere, or with any one bit turned, is to us what it is to zlib", () => {
  for (const stream of SHORT_STREAMS) {
    for (let length = 0; length < stream.length; length++) agreesWithZlib(stream.subarray(0, length));
    for (let bit = 0; bit < 8 * stream.length; bit++) {
      const turned = stream.slice();
      turned[bit >> 3] ^= 1 << (bit & 7);
      agreesWithZlib(turned);
    }
  }
});

class Refused extends Error {}

Deno.test("a stream damaged in several ways is to us what it is to zlib", async () => {
  const read = (stream: Uint8Array) => {
    if (agreesWithZlib(stream)) throw new Refused();
  };
  await fuzz(damaged(SHORT_STREAMS), read, Refused);
});
