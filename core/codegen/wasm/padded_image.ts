/**
 * Images with a border of zeros in scratch memory, where the inputs of a convolution are at fixed distances from a
 * pixel.
 */
import type { FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { i32, v128 } from "./assembler/instructions.ts";
import { eachVector, storeLanes } from "./vectors.ts";
import { type Address, baseOf } from "./kernel.ts";

/** The extents of an image and of its border. */
export interface ImageShape {
  height: number;
  width: number;
  channels: number;
  /** Rows and columns of zeros around the image. */
  paddingY: number;
  paddingX: number;
}

/** The size of an image with its border. */
export interface Padded {
  /** Bytes of a row of the image with its border. */
  row: number;
  /** Bytes of the whole image, including what loads may read past its end. */
  bytes: number;
}

/** The size of `s` with its border. */
export function paddedImage(s: ImageShape): Padded {
  const row = (s.width + 2 * s.paddingX) * s.channels * 4;
  // Loads of the last pixels may read past the end by a vector.
  return { row, bytes: row * (s.height + 2 * s.paddingY) + 64 };
}

/** Copies image `n` of `x` into the scratch image, inside its border, which stays 0. */
export function padImage(f: FunctionBuilder, s: ImageShape, x: Address, n: Local, scratch: Local): void {
  const plain = plainImage(f, s, x, n), padded = insideOf(f, s, scratch);
  copyRows(f, s, plain, padded);
}

/** Copies the scratch image without its border into image `n` of `output`. */
export function unpadImage(f: FunctionBuilder, s: ImageShape, scratch: Local, output: Address, n: Local): void {
  const plain = plainImage(f, s, output, n), padded = insideOf(f, s, scratch);
  copyRows(f, s, padded, plain);
}

/** The location of an image's rows: the first is at `at + offset`, each further row `stride` bytes later. */
interface Rows {
  at: Local;
  offset: number;
  stride: number;
}

function plainImage(f: FunctionBuilder, s: ImageShape, x: Address, n: Local): Rows {
  const stride = s.width * s.channels * 4;
  return { at: f.let("i32", baseOf(x, i32.mul(n.get, i32.const(s.height * stride)))), offset: x.offset, stride };
}

function insideOf(f: FunctionBuilder, s: ImageShape, scratch: Local): Rows {
  const stride = paddedImage(s).row, border = s.paddingY * stride + s.paddingX * s.channels * 4;
  return { at: f.let("i32", scratch.get), offset: border, stride };
}

function copyRows(f: FunctionBuilder, s: ImageShape, from: Rows, to: Rows): void {
  const source = f.local("i32"), target = f.local("i32");
  f.repeat(s.height, () => {
    f.set(source, from.at.get);
    f.set(target, to.at.get);
    eachVector(f, source, s.width * s.channels, (lanes) => {
      storeLanes(f, target.get, to.offset, v128.load(source.get, from.offset), lanes);
      f.set(target, i32.add(target.get, i32.const(16)));
    });
    f.set(from.at, i32.add(from.at.get, i32.const(from.stride)));
    f.set(to.at, i32.add(to.at.get, i32.const(to.stride)));
  });
}
