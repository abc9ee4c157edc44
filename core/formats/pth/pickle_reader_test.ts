import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { ModelFileError } from "../errors.ts";
import { Opaque, readPickle, Tuple } from "./pickle_reader.ts";
import { PickleWriter } from "./writer.ts";
import { readPth } from "./reader.ts";

const read = (bytes: Uint8Array) => readPickle(bytes, { globals: new Map(), persistentLoad: () => null });
const refused = (pattern: RegExp) => (error: unknown) => error instanceof ModelFileError && pattern.test(error.message);

/** A `.pth` with one tensor "w" of `shape` and `strides` at `offset` over a storage of four numbers. */
function pthOf(view: { offset: number; shape: number[]; strides: number[] }, copies = 1): Uint8Array {
  const pickle = new PickleWriter().op("EMPTY_DICT").op("MARK");
  for (let i = 0; i < copies; i++) {
    pickle.text(`w${i}`).global("torch._utils", "_rebuild_tensor_v2").op("MARK");
    pickle.op("MARK").text("storage").global("torch", "FloatStorage").text("0").text("cpu").integer(4).op("TUPLE");
    pickle.op("BINPERSID").integer(view.offset).integers(view.shape).integers(view.strides);
    pickle.op("NEWFALSE").op("NONE").op("TUPLE").op("REDUCE");
  }
  return pthWith(pickle.op("SETITEMS").finish());
}

function pthWith(pickle: Uint8Array): Uint8Array {
  return zipSync({ "m/data.pkl": pickle, "m/data/0": new Uint8Array(16) });
}

Deno.test("numbers, text, tuples, lists, dicts and memoised values are read as in Python", () => {
  const bytes = Uint8Array.of(
    ...[0x80, 2, 0x7d, 0x28], // PROTO 2, EMPTY_DICT, MARK
    ...[0x4b, 7, 0x4a, 0xfe, 0xff, 0xff, 0xff], // 7: -2
    ...[0x58, 1, 0, 0, 0, 0x61, 0x71, 0, 0x8a, 2, 0x00, 0x80], // "a" (put 0): -32768
    ...[0x4d, 0, 1, 0x5d, 0x28, 0x88, 0x89, 0x4e, 0x65], // 256: [True, False, None]
    ...[0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x68, 0, 0x85], // 1.5: ("a",)
    ...[0x75, 0x2e], // SETITEMS, STOP
  );
  const expected = new Map<unknown, unknown>([
    [7, -2],
    ["a", -32768],
    [256, [true, false, null]],
    [1.5, new Tuple(["a"])],
  ]);
  assert.deepEqual(read(bytes), expected);
});

Deno.test("values nested as deeply as Python allows are read", () => {
  const [MARK, TUPLE] = [0x28, 0x74];
  let value = read(Uint8Array.of(0x80, 2, ...Array(900).fill(MARK), ...Array(900).fill(TUPLE), 0x2e));
  let depth = 0;
  for (; value instanceof Tuple; value = value.items[0]) depth++;
  assert.equal(depth, 900);
});

Deno.test("text with lone surrogates, which Python writes for names of files, is read", () => {
  // "a\udcff" in UTF-8 with `surrogatepass`.
  assert.equal(read(Uint8Array.of(0x80, 2, 0x58, 4, 0, 0, 0, 0x61, 0xed, 0xb3, 0xbf, 0x2e)), "a\ufffd\ufffd\ufffd");
});

Deno.test("an unknown global gives an opaque object, and a dict of a custom class keeps its entries", () => {
  const pickle = new PickleWriter().global("collections", "defaultdict").global("__builtin__", "list").op("TUPLE1");
  const dict = read(pickle.op("REDUCE").text("a").integer(1).op("SETITEM").finish());
  assert.ok(dict instanceof Opaque);
  assert.equal(dict.name, "collections.defaultdict");
  assert.deepEqual(dict.entries, new Map([["a", 1]]));
  const called = new PickleWriter().global("numpy", "dtype").op("EMPTY_TUPLE").op("REDUCE").op("EMPTY_TUPLE").op(
    "REDUCE",
  );
  assert.deepEqual(read(called.op("NONE").op("BUILD").finish()), new Opaque("numpy.dtype"));
});

Deno.test("integers of any length are read, and those that fit are exact", () => {
  const long = (...bytes: number[]) => read(Uint8Array.of(0x80, 2, 0x8a, bytes.length, ...bytes, 0x2e));
  assert.equal(long(0xff, 0xff, 0xff, 0xff, 0), 2 ** 32 - 1);
  assert.equal(long(0, 0, 0, 0, 0, 0, 0, 0x80, 0), 2 ** 63);
  assert.equal(long(0, 0, 0, 0, 0, 0, 0, 0x80), -(2 ** 63));
  assert.equal(long(...new Array(255).fill(1)), Infinity);
  assert.equal(read(Uint8Array.of(0x80, 2, 0x8b, 2, 0, 0, 0, 1, 1, 0x2e)), 257);
});

Deno.test("a pickle that would run a command in Python is refused, and the error names the global", () => {
  const pickle = new PickleWriter().global("os", "system").text("true").op("TUPLE1").op("REDUCE").finish();
  assert.throws(() => readPth(pthWith(pickle)), refused(/asks for "os\.system"/));
});

Deno.test("the same is true for later protocols and for the oldest", () => {
  const short = (text: string) => [0x8c, text.length, ...new TextEncoder().encode(text)];
  // PROTO 4, FRAME, "posix", MEMOIZE, "system", MEMOIZE, STACK_GLOBAL, "true", TUPLE1, REDUCE, STOP
  const call = [...short("posix"), 0x94, ...short("system"), 0x94, 0x93, ...short("true"), 0x85, 0x52, 0x2e];
  const framed = Uint8Array.of(0x80, 4, 0x95, call.length, 0, 0, 0, 0, 0, 0, 0, ...call);
  assert.throws(() => readPth(pthWith(framed)), refused(/asks for "posix\.system"/));
  // MARK, "true", INST
  const inst = Uint8Array.of(0x80, 2, 0x28, ...short("true"), ...new TextEncoder().encode("iposix\nsystem\n."));
  assert.throws(() => readPth(pthWith(inst)), refused(/asks for "posix\.system"/));
  assert.throws(() => read(Uint8Array.of(0x80, 4, 0x4e, 0x4e, 0x93)), refused(/a global whose name is not text/));
});

Deno.test("anything that would run code is refused and not skipped, even next to a sound state dict", () => {
  for (const [module, name] of [["builtins", "eval"], ["subprocess", "Popen"], ["importlib", "import_module"]]) {
    const pickle = new PickleWriter().op("EMPTY_DICT").text("extra").global(module, name).text("x").op("TUPLE1");
    const file = pthWith(pickle.op("REDUCE").op("SETITEM").finish());
    assert.throws(() => readPth(file), refused(new RegExp(`asks for "${module}\\.${name}", which runs code`)));
  }
});

Deno.test("a global that may only be named cannot be called", () => {
  const pickle = new PickleWriter().global("torch", "FloatStorage").op("EMPTY_TUPLE").op("REDUCE").finish();
  assert.throws(() => readPth(pthWith(pickle)), refused(/a call of something that cannot be called/));
});

Deno.test("unknown opcodes, a truncated stream, an empty stack and an unset reference are refused", () => {
  assert.throws(() => read(Uint8Array.of(0x80, 6, 0x2e)), refused(/protocol 6/));
  assert.throws(() => read(Uint8Array.of(0x80, 2, 0x82)), refused(/opcode 0x82/));
  assert.throws(() => read(Uint8Array.of(0x80, 2, 0x4b)), refused(/middle of an instruction/));
  assert.throws(() => read(Uint8Array.of(0x80, 2, 0x2e)), refused(/empty stack/));
  assert.throws(() => read(Uint8Array.of(0x80, 2, 0x68, 9)), refused(/value 9, which was never set/));
  assert.throws(() => read(Uint8Array.of(0x80, 2, 0x58, 255, 255, 255, 255)), refused(/middle of an instruction/));
  assert.throws(() => read(new Uint8Array(1001).fill(0x28)), refused(/levels of nesting/));
});

Deno.test("a key that is a list nested ten thousand deep is refused without recursion", () => {
  const lists = new Array<number>(10_000).fill(0x5d); // EMPTY_LIST
  const appends = new Array<number>(9_999).fill(0x61); // APPEND
  const pickle = Uint8Array.of(0x80, 2, 0x7d, ...lists, ...appends, 0x4e, 0x73, 0x2e);
  assert.throws(() => readPth(pthWith(pickle)), refused(/key that is not text/));
});

Deno.test("a view beyond its storage is refused, and one that just fits is read", () => {
  assert.equal(readPth(pthOf({ offset: 1, shape: [2], strides: [2] }))[0].data.length, 2);
  assert.throws(
    () => readPth(pthOf({ offset: 2, shape: [2], strides: [2] })),
    refused(/reaches to 5 in a storage of 4/),
  );
  assert.throws(() => readPth(pthOf({ offset: 0, shape: [2, 3], strides: [1] })), refused(/2 sizes and 1 strides/));
  assert.throws(() => readPth(pthOf({ offset: 0, shape: [1e9, 1e9], strides: [1e9, 1] })), refused(/reaches to/));
});

Deno.test("strides of 0 cannot expand a small file beyond the size of any model", () => {
  assert.throws(
    () => readPth(pthOf({ offset: 0, shape: [2 ** 30], strides: [0] })),
    refused(/more than 67108864 numbers/),
  );
  assert.throws(() => readPth(pthOf({ offset: 0, shape: [2 ** 25], strides: [0] }, 3)), refused(/more than 67108864/));
});
