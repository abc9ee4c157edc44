/** The codes of one block of Deflate, from bits to bytes: where inflating spends its time. */
import type { Code } from "../../../../core/codegen/wasm/assembler/encoding.ts";
import type { FunctionBuilder, Local } from "../../../../core/codegen/wasm/assembler/function_builder.ts";
import { i32, i64, i8x16, v128 } from "../instructions.ts";
import { advance, VECTOR_BYTES } from "../steps.ts";
import type { ModuleBuilder } from "../../../../core/codegen/wasm/assembler/module_builder.ts";
import {
  BIT,
  COUNTS,
  DISTANCES,
  ENTRY,
  LITERALS,
  LOOK_UP,
  LOOK_UP_BITS,
  MAX_CODE_BITS,
  OUT,
  PATTERNS,
  SORTED,
  STATUS,
  STATUS_OF,
  STRIDES,
} from "./layout.ts";

/**
 * Decodes by the decoders that stand in memory. `bit` is the input's next bit and `endBit` its end, both counted from the
 * memory's first; the output began at the address `start`, goes on at `out` and has room up to `end`. Leaves off at the
 * block's end or at the first thing that is wrong, and says so in memory.
 */
export type BlockKernel = (bit: number, endBit: number, start: number, out: number, end: number) => void;

export function addBlock(module: ModuleBuilder) {
  module.addFunction("block", ["i32", "i32", "i32", "i32", "i32"], (f) => {
    const [bit, endBit, start, out, end] = f.params;
    const status = f.let("i32", i32.const(STATUS_OF.running));
    const bits = f.local("i64"), entry = f.local("i32"), length = f.local("i32"), distance = f.local("i32");
    const low = i64.wrap(bits.get);
    const stop = (why: keyof typeof STATUS_OF) => f.set(status, i32.const(STATUS_OF[why]));
    const has = (flag: number) => i32.and(entry.get, i32.const(flag));

    const take = (count: Code) => {
      f.set(bits, i64.shrU(bits.get, i64.extendU(count)));
      f.set(bit, i32.add(bit.get, count));
    };
    const takeSymbol = (decoder: number) => {
      const sequence = i32.and(low, i32.const(2 ** LOOK_UP_BITS - 1));
      f.set(entry, i32.load(i32.shl(sequence, i32.const(2)), decoder + LOOK_UP));
      f.if(i32.eqz(entry.get), () => findLongCode(f, low, decoder, entry));
      take(codeBits(entry));
    };
    const takeValue = (value: Local) => {
      const count = i32.and(i32.shrU(entry.get, i32.const(ENTRY.extraShift)), i32.const(15));
      const extra = i32.and(low, i32.sub(i32.shl(i32.const(1), count), i32.const(1)));
      f.set(value, i32.add(i32.shrU(entry.get, i32.const(ENTRY.valueShift)), extra));
      take(count);
    };

    f.while(i32.eqz(status.get), () => {
      // 57 bits or more: the longest codes of a length and a distance have 48, with what belongs to them.
      f.set(bits, i64.load(i32.shrU(bit.get, i32.const(3)), 0));
      f.set(bits, i64.shrU(bits.get, i64.extendU(i32.and(bit.get, i32.const(7)))));
      takeSymbol(LITERALS);
      f.if(has(ENTRY.literal), () => {
        f.if(i32.ltS(out.get, end.get), () => {
          f.emit(i32.store8(out.get, 0, i32.shrU(entry.get, i32.const(ENTRY.valueShift))));
          advance(f, out, 1);
        }, () => stop("outputFull"));
      }, () => {
        f.if(has(ENTRY.copy), () => {
          takeValue(length);
          takeSymbol(DISTANCES);
          takeValue(distance);
          const isAhead = i32.gtS(distance.get, i32.sub(out.get, start.get));
          f.if(i32.or(i32.eqz(has(ENTRY.copy)), isAhead), () => stop("invalid"), () => {
            f.if(
              i32.gtS(length.get, i32.sub(end.get, out.get)),
              () => stop("outputFull"),
              () => copy(f, out, length, distance),
            );
          });
        }, () => {
          f.if(has(ENTRY.end), () => stop("blockEnd"), () => stop("invalid"));
        });
      });
      f.if(i32.gtS(bit.get, endBit.get), () => stop("inputEnds"));
    });
    for (const [at, local] of [[BIT, bit], [OUT, out], [STATUS, status]] as const) {
      f.emit(i32.store(i32.const(0), at, local.get));
    }
  }, { exported: true });
}

function codeBits(entry: Local): Code {
  return i32.and(entry.get, i32.const(15));
}

/**
 * Sets `entry` to that of the code which the bits begin with, or to 0 where there is none. Codes of one length are
 * successive numbers in the order of their symbols, and a longer code begins with a number beyond all shorter ones.
 */
function findLongCode(f: FunctionBuilder, bits: Code, decoder: number, entry: Local) {
  const length = f.let("i32", i32.const(0)), code = f.let("i32", i32.const(0));
  const first = f.let("i32", i32.const(0)), index = f.let("i32", i32.const(0)), count = f.local("i32");
  const nth = i32.sub(code.get, first.get);
  f.while(i32.and(i32.eqz(entry.get), i32.ltS(length.get, i32.const(MAX_CODE_BITS))), () => {
    f.set(code, i32.or(i32.shl(code.get, i32.const(1)), i32.and(i32.shrU(bits, length.get), i32.const(1))));
    f.set(first, i32.shl(first.get, i32.const(1)));
    f.set(length, i32.add(length.get, i32.const(1)));
    f.set(count, i32.load(i32.shl(length.get, i32.const(2)), decoder + COUNTS));
    f.if(i32.ltS(nth, count.get), () => {
      f.set(entry, i32.load(i32.shl(i32.add(index.get, nth), i32.const(2)), decoder + SORTED));
    });
    f.set(first, i32.add(first.get, count.get));
    f.set(index, i32.add(index.get, count.get));
  });
}

/** Repeats `length` bytes from `distance` before `out`, two vectors at a time: up to 31 bytes more are written. */
function copy(f: FunctionBuilder, out: Local, length: Local, distance: Local) {
  const stop = f.let("i32", i32.add(out.get, length.get));
  const source = i32.sub(out.get, distance.get);
  f.if(i32.geS(distance.get, i32.const(VECTOR_BYTES)), () => {
    f.countTo(out, stop.get, 2 * VECTOR_BYTES, () => {
      for (const at of [0, VECTOR_BYTES]) f.emit(v128.store(out.get, at, v128.load(source, at)));
    });
  }, () => {
    // A vector overlaps what it repeats. As many whole repetitions as go into one are laid out once.
    const places = v128.load(i32.shl(distance.get, i32.const(4)), PATTERNS);
    const pattern = f.let("v128", i8x16.swizzle(v128.load(source, 0), places));
    const stride = f.let("i32", i32.load(i32.shl(distance.get, i32.const(2)), STRIDES));
    f.while(i32.ltS(out.get, stop.get), () => {
      for (let i = 0; i < 2; i++) {
        f.emit(v128.store(out.get, 0, pattern.get));
        f.set(out, i32.add(out.get, stride.get));
      }
    });
  });
  f.set(out, stop.get);
}
