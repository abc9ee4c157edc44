import type { NamedTensor } from "../../models/spec.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { floatBytes } from "../element_types.ts";
import { ModelFileError, quote } from "../errors.ts";
import { crc32, writeZip, type ZipRecord } from "./zip.ts";
import { Opcode } from "./pickle_opcodes.ts";

/** Version of PyTorch's container format. */
const FORMAT_VERSION = "3\n";
const ID_DIGITS = 20;

const encoder = new TextEncoder();

/**
 * Writes a `.pth` that `torch.load(path, weights_only=True)` can open: an OrderedDict of contiguous float32 tensors.
 * The same tensors and name give the same bytes.
 *
 * @param name of the folder inside the archive; PyTorch uses the file's name without `.pth`
 * @throws {ModelFileError} for a duplicate name, or a shape that does not fit its data
 */
export function writePth(tensors: readonly NamedTensor[], name: string): Uint8Array<ArrayBuffer> {
  if (name === "" || /[/\\\0]/.test(name)) throw new ModelFileError(`${quote(name)} cannot name a folder in a .pth`);
  const records: ZipRecord[] = [
    { name: "data.pkl", data: pickleStateDict(tensors) },
    { name: "byteorder", data: encoder.encode("little") },
    ...tensors.map((tensor, i) => ({ name: `data/${i}`, data: floatBytes(tensor.data) })),
    { name: "version", data: encoder.encode(FORMAT_VERSION) },
  ];
  records.push({ name: ".data/serialization_id", data: encoder.encode(serializationId(records)) });
  return writeZip(records.map((record) => ({ ...record, name: `${name}/${record.name}` })));
}

function pickleStateDict(tensors: readonly NamedTensor[]): Uint8Array {
  const pickle = new PickleWriter();
  pickle.global("collections", "OrderedDict").op("EMPTY_TUPLE").op("REDUCE").op("MARK");
  const names = new Set<string>();
  tensors.forEach((tensor, i) => {
    if (names.has(tensor.name)) throw new ModelFileError(`two tensors are named ${quote(tensor.name)}`);
    names.add(tensor.name);
    pickle.text(tensor.name);
    pickleTensor(pickle, tensor, `${i}`);
  });
  return pickle.op("SETITEMS").finish();
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks)`. */
function pickleTensor(pickle: PickleWriter, { name, shape, data }: NamedTensor, key: string): void {
  if (sizeOf(shape) !== data.length) {
    throw new ModelFileError(`tensor ${quote(name)} of shape [${shape}] has ${data.length} numbers`);
  }
  pickle.global("torch._utils", "_rebuild_tensor_v2").op("MARK");
  pickle.op("MARK").text("storage").global("torch", "FloatStorage").text(key).text("cpu").integer(data.length)
    .op("TUPLE").op("BINPERSID");
  pickle.integer(0).integers(shape).integers(contiguousStrides(shape));
  pickle.op("NEWFALSE").global("collections", "OrderedDict").op("EMPTY_TUPLE").op("REDUCE");
  pickle.op("TUPLE").op("REDUCE");
}

function contiguousStrides(shape: Shape): number[] {
  return shape.map((_, d) => sizeOf(shape.slice(d + 1)));
}

/** Forty digits that identify the content: a hash of the records' names, then one of their data. */
function serializationId(records: readonly ZipRecord[]): string {
  const names = crc32(encoder.encode(records.map((record) => record.name).join("\n")));
  const contents = crc32(encoder.encode(records.map((record) => crc32(record.data)).join("\n")));
  return [names, contents].map((hash) => `${hash}`.padStart(ID_DIGITS, "0")).join("");
}

/** Writes a pickle of protocol 2, one opcode per call. The caller keeps the stack in order. */
export class PickleWriter {
  readonly #bytes: number[] = [Opcode.PROTO, 2];

  op(name: keyof typeof Opcode): this {
    this.#bytes.push(Opcode[name]);
    return this;
  }

  global(module: string, name: string): this {
    this.#bytes.push(Opcode.GLOBAL, ...encoder.encode(`${module}\n${name}\n`));
    return this;
  }

  text(value: string): this {
    const utf8 = encoder.encode(value);
    this.#bytes.push(Opcode.BINUNICODE, ...littleEndian(utf8.length, 4), ...utf8);
    return this;
  }

  /** @param value a whole number in [0, 2³¹) */
  integer(value: number): this {
    if (value < 0x100) this.#bytes.push(Opcode.BININT1, value);
    else if (value < 0x10000) this.#bytes.push(Opcode.BININT2, ...littleEndian(value, 2));
    else this.#bytes.push(Opcode.BININT, ...littleEndian(value, 4));
    return this;
  }

  /** A tuple of whole numbers. */
  integers(values: readonly number[]): this {
    this.op("MARK");
    for (const value of values) this.integer(value);
    return this.op("TUPLE");
  }

  finish(): Uint8Array {
    return Uint8Array.from([...this.#bytes, Opcode.STOP]);
  }
}

function littleEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff);
}
