/** Damaged files for tests of readers: nearly sound, so that they also reach the code after the first checks. */
import fc from "fast-check";
import { concatBytes } from "../bytes.ts";
import { Dice } from "./dice.ts";

const MAX_DAMAGES = 4;
/** Values that break lengths and offsets. */
const WORDS = [0, 1, 2 ** 31, 2 ** 32 - 1, 65536];

/** The sound files, each damaged in up to four ways. */
export function damaged(sound: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  // Draws a single seed: describing each damage to fast-check would take longer than reading the file.
  return fc.nat().map((seed) => {
    const dice = new Dice(seed);
    let bytes = new Uint8Array(dice.pick(sound));
    for (let left = 1 + dice.below(MAX_DAMAGES); left > 0; left--) bytes = dice.pick(DAMAGES)(bytes, dice);
    return bytes;
  });
}

type Damage = (bytes: Uint8Array<ArrayBuffer>, dice: Dice) => Uint8Array<ArrayBuffer>;

const DAMAGES: readonly Damage[] = [
  function flipBit(bytes, dice) {
    if (bytes.length > 0) bytes[dice.below(bytes.length)] ^= 1 << dice.below(8);
    return bytes;
  },
  function setByte(bytes, dice) {
    if (bytes.length > 0) bytes[dice.below(bytes.length)] = dice.below(256);
    return bytes;
  },
  function setWord(bytes, dice) {
    if (bytes.length < 4) return bytes;
    const isLittleEndian = dice.below(2) === 0;
    new DataView(bytes.buffer).setUint32(dice.below(bytes.length - 3), dice.pick(WORDS), isLittleEndian);
    return bytes;
  },
  function cutOut(bytes, dice) {
    const at = dice.below(bytes.length);
    return concatBytes([bytes.subarray(0, at), bytes.subarray(at + dice.below(65))]);
  },
  function cutShort(bytes, dice) {
    return bytes.slice(0, dice.below(bytes.length));
  },
  function putIn(bytes, dice) {
    const at = dice.below(bytes.length);
    return concatBytes([bytes.subarray(0, at), dice.bytes(dice.below(33)), bytes.subarray(at)]);
  },
  function double(bytes, dice) {
    const at = dice.below(bytes.length);
    return concatBytes([bytes.subarray(0, at + dice.below(257)), bytes.subarray(at)]);
  },
];
