/** Files that once did harm or are meant to: each is refused at once, with a short message. */
import assert from "node:assert/strict";
import { ModelFileError } from "./errors.ts";
import { readModelFile } from "./model_file.ts";
import { writePth } from "./pth/writer.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import { writeZip } from "./pth/zip.ts";

const MAX_MS = 1000;
const TENSORS = [{ name: "head.0.weight", shape: [10, 784], data: new Float32Array(7840) }, {
  name: "head.0.bias",
  shape: [10],
  data: new Float32Array(10),
}];
const PTH = writePth(TENSORS, "model");
const SAFETENSORS = writeSafetensors(TENSORS, {});
const text = (value: string) => new TextEncoder().encode(value);

/** A `.safetensors` with this header, and 8 bytes of numbers. */
function withHeader(header: string, length = text(header).length): Uint8Array<ArrayBuffer> {
  const json = text(header);
  const file = new Uint8Array(8 + json.length + 8);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(json, 8);
  return file;
}

const tensor = (fields: object) =>
  withHeader(JSON.stringify({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...fields } }));

/** A `.pth` whose state dict is this pickle, given as text and byte values. */
const withPickle = (...pickle: (number | string)[]) =>
  writeZip([{ name: "m/data.pkl", data: Uint8Array.from([0x80, 2, ...pickle.flatMap(bytesOf)]) }]);
const bytesOf = (part: number | string) => typeof part === "string" ? [...text(part)] : [part];

/** An intact file with the little-endian word `value` at `at`, counted from the end if negative. */
function withWord(intact: Uint8Array, at: number, value: number): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(intact);
  new DataView(file.buffer).setUint32(at < 0 ? file.length + at : at, value, true);
  return file;
}

const CORPUS: Record<string, [file: Uint8Array, expected: RegExp, read?: (file: Uint8Array) => unknown]> = {
  // The message used to quote it in full.
  "a shape of a hundred thousand sizes": [
    tensor({ shape: new Array(100_000).fill(1) }),
    /"a" has no shape of at most 8/,
  ],
  // Used to overflow the stack while the message was built.
  "a type nested 100,000 deep": [
    withHeader(`{"a":{"dtype":${"[".repeat(100_000)}${"]".repeat(100_000)},"shape":[2],"data_offsets":[0,8]}}`),
    /"a" has the type "object"/,
  ],
  "a header nested without end": [withHeader("[".repeat(500_000)), /not valid JSON/, readSafetensors],
  "a header longer than the file": [withHeader("{}", 2 ** 20), /its header ends at byte/],
  "a header of 2⁶⁴ − 1 bytes": [new Uint8Array(16).fill(255), /would have 18446744073709552000 bytes/, readSafetensors],
  "a header that is a list": [withHeader("[]"), /not a JSON object/, readSafetensors],
  "a header of spaces": [withHeader(" ".repeat(1000)), /not valid JSON/, readSafetensors],
  "a tensor named like a prototype": [withHeader('{"__proto__":{"dtype":"F32"}}'), /"__proto__" has no shape/],
  "sizes whose product is beyond all numbers": [tensor({ shape: new Array(8).fill(2 ** 53 - 1) }), /takes .* bytes/],
  "negative sizes": [tensor({ shape: [-1, -2] }), /no shape/],
  "numbers before the beginning of the file": [tensor({ data_offsets: [-8, 0] }), /no data_offsets/],
  "numbers behind the end of the file": [tensor({ data_offsets: [2 ** 40, 2 ** 40 + 8] }), /begins at 1099511627776/],
  "a name of a megabyte": [withHeader(JSON.stringify({ ["x".repeat(1_000_000)]: 1 })), /^tensor "x+…" has the type/],
  "a safetensors file cut in its numbers": [SAFETENSORS.subarray(0, -1), /the header describes \d+ bytes/],

  "a pickle that calls the system": [withPickle("cos\nsystem\n", "X", 4, 0, 0, 0, "ls -", 0x85, "R."), /"os\.system"/],
  "a pickle that calls with INST": [withPickle("(", "ios\nsystem\n."), /"os\.system"/],
  "a list that holds itself": [withPickle("]", "q", 0, "h", 0, "a."), /./],
  "a dict that is its own key": [withPickle("}", "q", 0, "h", 0, "h", 0, "s."), /./],
  "a text of four gigabytes": [withPickle("X", 255, 255, 255, 255, "ab."), /the end of the data/],
  "ten thousand open marks": [withPickle("(".repeat(10_000), "."), /levels of nesting/],
  "a name without an end": [withPickle("c", "a".repeat(100_000)), /name without an end/],
  "four million empty lists": [withPickle("]".repeat(5_000_000), "."), /more than 4194304 instructions/],
  "a hundred thousand dicts within each other": [
    withPickle("}X\x01\0\0\0a".repeat(100_000), "N", "s".repeat(100_000), "."),
    /no state dict of float tensors; found a dict of "a" \(a dict\)/,
  ],
  "a dict of long names": [
    withPickle("}(", `X\x01\x01\0\0${"x".repeat(257)}N`.repeat(3), "u", "."),
    /found a dict of "x{24}" \(None\)\./,
  ],
  "an empty pickle": [withPickle("."), /an empty stack/],
  "an integer of 255 bytes": [withPickle(0x8a, 255, "."), /an integer of 255 bytes/],

  "a zip cut in its directory": [PTH.subarray(0, -30), /directory at its end is missing/],
  "a zip whose directory begins behind the end of the file": [
    withWord(PTH, -6, 2 ** 32 - 2),
    /reaches to byte|not where/,
  ],
  "a zip of 65535 entries": [withWord(PTH, -12, 2 ** 32 - 1), /claims 65535 entries/],
  "a zip that is only its end record": [PTH.subarray(-22), /reaches to byte/],
  "an empty file": [new Uint8Array(0), /./],
  "zeros": [new Uint8Array(4096), /./],
};

for (const [name, [file, expected, read = readModelFile]] of Object.entries(CORPUS)) {
  Deno.test(`refused at once, with a message: ${name}`, () => {
    const start = performance.now();
    assert.throws(() => read(file), (error: unknown) => {
      assert.ok(error instanceof ModelFileError, `threw ${error}`);
      assert.match(error.message, expected);
      assert.ok(error.message.length < 500, `a message of ${error.message.length} characters`);
      return true;
    });
    assert.ok(performance.now() - start < MAX_MS);
  });
}
