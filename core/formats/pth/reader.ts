/**
 * Reads PyTorch's file of a state dict: a zip with a pickle (`data.pkl`, which names tensors and their shapes) and a
 * record of raw numbers for each storage (`data/0`, `data/1`, …).
 */
import type { NamedTensor } from "../../models/spec.ts";
import { sizeOf } from "../../shape.ts";
import { BFLOAT16, type ElementType, FLOAT16, FLOAT32, FLOAT64 } from "../element_types.ts";
import { ModelFileError, quote } from "../errors.ts";
import { Global, Opaque, readPickle, Tuple } from "./pickle_reader.ts";
import { describeFound, findStateDicts, TensorRef } from "./find_state_dicts.ts";
import { checkView, gather, Storage } from "./storage.ts";
import { readZip } from "./zip.ts";

/** The largest model of this lab has 38 million parameters, 300 MB as float64. */
const MAX_BYTES = 512 * 2 ** 20;
const MAX_ELEMENTS = 2 ** 26;
const MAX_ENTRIES = 10_000;
/** Mostly for text and bytes besides the weights: NumPy arrays are in the pickle itself. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/** The classes in the module `torch` that a storage of floats may have. */
const STORAGE_CLASSES: Readonly<Record<string, ElementType>> = {
  FloatStorage: FLOAT32,
  DoubleStorage: FLOAT64,
  HalfStorage: FLOAT16,
  BFloat16Storage: BFLOAT16,
};

const ZIP_START = 0x50; // "P" of "PK"
const PICKLE_START = 0x80;

/** A state dict in a file. */
export interface StateDict {
  /** Keys that lead to it, joined by dots; empty if the file holds nothing else. */
  path: string;
  tensors: NamedTensor[];
}

/**
 * The tensors of a state dict that PyTorch (1.6 or newer) or this lab saved, in their order, as contiguous float32;
 * float64, float16 and bfloat16 are converted. The state dict may be nested in whatever a training script saves: it is
 * found by its contents, and of several the most likely one is read (see `readStateDicts`). Nothing in the file is
 * executed.
 *
 * @throws {ModelFileError} when the file holds no such state dict, is damaged, or is larger than any model here
 */
export function readPth(bytes: Uint8Array): NamedTensor[] {
  for (const { tensors } of readStateDicts(bytes)) return tensors;
  throw new Error("unreachable: a file without a state dict is refused");
}

/**
 * All state dicts in a file, the most likely first (see `findStateDicts`). Each is read only when it is requested.
 *
 * @throws {ModelFileError} like `readPth`
 */
export function* readStateDicts(bytes: Uint8Array): Generator<StateDict> {
  requireZip(bytes);
  const entries = readZip(bytes, { entries: MAX_ENTRIES, bytes: MAX_BYTES });
  const folder = findFolder(entries);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order) !== "little") {
    throw new ModelFileError("the file was saved on a big-endian machine; load it there and save it on another");
  }
  const value = readValue(entries, folder);
  const found = findStateDicts(value);
  if (found.length === 0) {
    throw new ModelFileError(
      `the file holds no state dict of float tensors; found ${describeFound(value)}. ` +
        "Save the model with torch.save(model.state_dict(), path)",
    );
  }
  let elements = 0;
  for (const { path, views } of found) {
    // With strides of 0 a few bytes can claim to be any size, so the expanded size is limited, too.
    for (const { view } of views) elements += sizeOf(view.shape);
    if (elements > MAX_ELEMENTS) {
      if (found[0].path !== path) return;
      throw new ModelFileError(`the tensors hold more than ${MAX_ELEMENTS} numbers`);
    }
    yield { path, tensors: views.map(({ name, view }) => ({ name, shape: view.shape, data: gather(view) })) };
  }
}

function requireZip(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new ModelFileError("the file is empty");
  if (bytes[0] === PICKLE_START) {
    throw new ModelFileError("the file is in PyTorch's format from before 1.6; load it in PyTorch and save it again");
  }
  if (bytes[0] !== ZIP_START) {
    throw new ModelFileError("the file is not a .pth file of PyTorch: it is not a zip archive");
  }
}

/** The folder of all records, with its slash. PyTorch names it after the file. */
function findFolder(entries: ReadonlyMap<string, Uint8Array>): string {
  const name = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (name === undefined) throw new ModelFileError("the archive is not a .pth file of PyTorch: it holds no data.pkl");
  return name.slice(0, -"data.pkl".length);
}

function readValue(entries: ReadonlyMap<string, Uint8Array>, folder: string): unknown {
  const pickle = entries.get(`${folder}data.pkl`)!;
  if (pickle.length > MAX_PICKLE_BYTES) {
    throw new ModelFileError(`data.pkl has ${pickle.length} bytes; at most ${MAX_PICKLE_BYTES} are read`);
  }
  return readPickle(pickle, {
    globals: GLOBALS,
    persistentLoad: (id) => loadStorage(id, (key) => entries.get(`${folder}data/${key}`)),
  });
}

class StorageClass extends Global {
  constructor(name: string, readonly type: ElementType) {
    super(`torch.${name}`);
  }
}

const GLOBALS: ReadonlyMap<string, Global> = new Map(
  [
    new Global("collections.OrderedDict", makeOrderedDict),
    new Global("torch._utils._rebuild_tensor_v2", rebuildTensor),
    new Global("torch._utils._rebuild_parameter", rebuildParameter),
    new Global("torch._utils._rebuild_parameter_with_state", rebuildParameter),
    new Global("torch._tensor._rebuild_from_type_v2", rebuildFromType),
    ...Object.entries(STORAGE_CLASSES).map(([name, type]) => new StorageClass(name, type)),
  ].map((global) => [global.name, global]),
);

function makeOrderedDict(args: readonly unknown[]): Map<unknown, unknown> {
  if (args.length > 0) throw new ModelFileError("data.pkl is not a state dict: an OrderedDict is made from arguments");
  return new Map();
}

/** `(storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])`. */
function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TensorRef | Opaque {
  // A storage of integers, booleans or random states, for example.
  if (storage instanceof Opaque) return storage;
  if (!(storage instanceof Storage) || typeof offset !== "number" || !isShape(shape) || !isShape(strides)) {
    throw new ModelFileError("data.pkl is not a state dict: a tensor lacks its storage, offset, shape or strides");
  }
  const view = { storage, offset, shape: shape.items, strides: strides.items };
  checkView(view);
  return new TensorRef(view);
}

/** `(tensor, requires_grad, backward_hooks[, state])`, as a dict of `named_parameters()` is saved. */
function rebuildParameter([tensor]: readonly unknown[]): TensorRef | Opaque {
  if (tensor instanceof TensorRef || tensor instanceof Opaque) return tensor;
  throw new ModelFileError("data.pkl is not a state dict: a parameter is made of something that is not a tensor");
}

/** `(function, type, arguments, state)`: a tensor of a custom class, or one with attributes. */
function rebuildFromType([make, type, args]: readonly unknown[]): unknown {
  if (make instanceof Global && make.call !== undefined && args instanceof Tuple) return make.call(args.items);
  return new Opaque(type instanceof Opaque ? type.name : "torch.Tensor");
}

function isShape(value: unknown): value is { items: readonly number[] } {
  return value instanceof Tuple && value.items.every((item) => typeof item === "number");
}

/** @param id the tuple `("storage", storage class, key, device, length)` */
function loadStorage(id: unknown, record: (key: string) => Uint8Array | undefined): Storage | Opaque {
  const [kind, storageClass, key, , length] = id instanceof Tuple ? id.items : [];
  const isLength = typeof length === "number" && Number.isSafeInteger(length) && length >= 0;
  if (kind === "storage" && storageClass instanceof Opaque) return new Opaque(storageClass.name);
  if (kind !== "storage" || !(storageClass instanceof StorageClass) || typeof key !== "string" || !isLength) {
    throw new ModelFileError("data.pkl is not a state dict: it refers to something that is not a storage of floats");
  }
  const bytes = record(key);
  if (bytes === undefined) throw new ModelFileError(`the file is incomplete: ${quote(`data/${key}`)} is missing`);
  return new Storage(storageClass.type, length, bytes, key);
}
