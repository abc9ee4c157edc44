/** Adler-32 (RFC 1950, section 8.2): the sum of all bytes, and the sum of all those sums. */
import type { Code } from "../../../../core/codegen/wasm/assembler/encoding.ts";
import type { FunctionBuilder, Local } from "../../../../core/codegen/wasm/assembler/function_builder.ts";
import { i16x8, i32, i32x4, v128 } from "../instructions.ts";
import { VECTOR_BYTES } from "../steps.ts";
import type { ModuleBuilder } from "../../../../core/codegen/wasm/assembler/module_builder.ts";
import { SUMS } from "./layout.ts";

const MODULUS = 65521;
const GROUP = 4, GROUP_BYTES = GROUP * VECTOR_BYTES;
/** Sums of so many bytes fit 32 bits. */
const CHUNK_BYTES = 4096;

/** Leaves both sums of the bytes `from` … `end` in memory. */
export type ChecksumKernel = (from: number, end: number) => void;

export function addChecksum(module: ModuleBuilder) {
  module.addFunction("checksum", ["i32", "i32"], (f) => {
    const [from, end] = f.params;
    const sum = f.let("i32", i32.const(1)), sumOfSums = f.let("i32", i32.const(0));
    const wrap = (local: Local) => f.set(local, i32.remU(local.get, i32.const(MODULUS)));
    const chunkEnd = f.local("i32");
    f.while(i32.leS(i32.add(from.get, i32.const(GROUP_BYTES)), end.get), () => {
      f.set(chunkEnd, i32.and(i32.sub(end.get, from.get), i32.const(-GROUP_BYTES)));
      f.if(i32.gtS(chunkEnd.get, i32.const(CHUNK_BYTES)), () => f.set(chunkEnd, i32.const(CHUNK_BYTES)));
      f.set(sumOfSums, i32.add(sumOfSums.get, i32.mul(sum.get, chunkEnd.get)));
      f.set(chunkEnd, i32.add(chunkEnd.get, from.get));
      addGroups(f, from, chunkEnd, sum, sumOfSums);
      wrap(sum);
      wrap(sumOfSums);
    });
    f.countTo(from, end.get, 1, () => {
      f.set(sum, i32.add(sum.get, i32.load8u(from.get, 0)));
      f.set(sumOfSums, i32.add(sumOfSums.get, sum.get));
    });
    wrap(sum);
    wrap(sumOfSums);
    f.emit(i32.store(i32.const(0), SUMS, sum.get));
    f.emit(i32.store(i32.const(0), SUMS + 4, sumOfSums.get));
  }, { exported: true });
}

/**
 * Adds the groups of vectors `from` … `end` to both sums, the second of which has the first as it was already. Most of a
 * drawing is zeros, which change no sum but the one of sums; they are counted together, in front of the next group that has
 * something else.
 */
function addGroups(f: FunctionBuilder, from: Local, end: Local, sum: Local, sumOfSums: Local) {
  const sums = f.let("v128", v128.zero), before = f.let("v128", v128.zero), weighted = f.let("v128", v128.zero);
  const counted = f.let("i32", from.get);
  /** Each of the earlier bytes counts once more for each of the bytes up to here. */
  const countEarlier = () => {
    const vectors = i32.shrU(i32.sub(from.get, counted.get), i32.const(Math.log2(VECTOR_BYTES)));
    f.set(before, i32x4.add(before.get, i32x4.mul(sums.get, i32x4.splat(vectors))));
  };
  const [firstWeights, lastWeights] = [16, 8].map((first) => f.constant(weightsFrom(first)));
  f.countTo(from, end.get, GROUP_BYTES, () => {
    const group = Array.from({ length: GROUP }, (_, i) => f.let("v128", v128.load(from.get, i * VECTOR_BYTES)).get);
    f.if(v128.anyTrue(group.reduce((a, b) => v128.or(a, b))), () => {
      countEarlier();
      for (const bytes of group) {
        f.set(before, i32x4.add(before.get, sums.get));
        f.set(sums, i32x4.add(sums.get, i32x4.addPairsU16(i16x8.addPairsU8(bytes))));
        f.set(weighted, i32x4.add(weighted.get, i32x4.dotI16(i16x8.extendLowU8(bytes), firstWeights)));
        f.set(weighted, i32x4.add(weighted.get, i32x4.dotI16(i16x8.extendHighU8(bytes), lastWeights)));
      }
      f.set(counted, i32.add(from.get, i32.const(GROUP_BYTES)));
    });
  });
  countEarlier();
  f.set(sum, i32.add(sum.get, total(sums.get)));
  f.set(before, i32x4.mul(before.get, i32x4.const(VECTOR_BYTES)));
  f.set(sumOfSums, i32.add(sumOfSums.get, total(i32x4.add(before.get, weighted.get))));
}

/** `first`, first − 1, … in eight lanes of 16 bits: how often each byte of a vector counts. */
function weightsFrom(first: number): Code {
  const pair = (i: number) => first - i | (first - i - 1) << 16;
  return i32x4.lanes(pair(0), pair(2), pair(4), pair(6));
}

function total(lanes: Code): Code {
  return [0, 1, 2, 3].map((lane) => i32x4.extractLane(lanes, lane)).reduce((a, b) => i32.add(a, b));
}
