/**
 * PyTorch's file of a state dict: a zip of a pickle (`data.pkl`, which names tensors and their shapes) and of one record of raw
 * numbers for each storage (`data/0`, `data/1`, …).
 */
import type { NamedTensor } from "../../models/spec.ts";
import { sizeOf } from "../../shape.ts";
import { BFLOAT16, type ElementType, FLOAT16, FLOAT32, FLOAT64 } from "../element_types.ts";
import { ModelFileError, quote } from "../errors.ts";
import { Global, readPickle, Tuple } from "./pickle_reader.ts";
import { checkView, gather, Storage, type StridedView } from "./storage.ts";
import { readZip } from "./zip.ts";

/** The largest model of this lab has 38 million parameters, 300 MB as float64. */
const MAX_BYTES = 512 * 2 ** 20;
const MAX_ELEMENTS = 2 ** 26;
const MAX_ENTRIES = 10_000;
const MAX_PICKLE_BYTES = 4 * 2 ** 20;

/** Keys under which training scripts store the state dict when they save more with it. */
const STATE_DICT_KEYS = ["state_dict", "model_state_dict"];

/** The classes of the module `torch` that a storage of floats may have. */
const STORAGE_CLASSES: Readonly<Record<string, ElementType>> = {
  FloatStorage: FLOAT32,
  DoubleStorage: FLOAT64,
  HalfStorage: FLOAT16,
  BFloat16Storage: BFLOAT16,
};

const ZIP_START = 0x50; // "P" of "PK"
const PICKLE_START = 0x80;

/**
 * The tensors of a state dict that PyTorch (1.6 or newer) or this lab saved, in their order, as contiguous float32;
 * float64, float16 and bfloat16 are converted. The state dict may lie in a dict as `state_dict` or `model_state_dict`, beside
 * whatever else a training script saves. Nothing in the file is executed.
 *
 * @throws {ModelFileError} when the file is not such a state dict, is damaged, or is larger than any model here
 */
export function readPth(bytes: Uint8Array): NamedTensor[] {
  requireZip(bytes);
  const entries = readZip(bytes, { entries: MAX_ENTRIES, bytes: MAX_BYTES });
  const folder = findFolder(entries);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order) !== "little") {
    throw new ModelFileError("the file was saved on a big-endian machine; load it there and save it on another");
  }
  return gatherTensors(readStateDict(entries, folder));
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

function readStateDict(entries: ReadonlyMap<string, Uint8Array>, folder: string): Map<unknown, unknown> {
  const pickle = entries.get(`${folder}data.pkl`)!;
  if (pickle.length > MAX_PICKLE_BYTES) {
    throw new ModelFileError(`data.pkl has ${pickle.length} bytes; a state dict needs less than ${MAX_PICKLE_BYTES}`);
  }
  const value = readPickle(pickle, {
    globals: GLOBALS,
    persistentLoad: (id) => loadStorage(id, (key) => entries.get(`${folder}data/${key}`)),
  });
  if (!(value instanceof Map)) throw new ModelFileError("the file does not hold a dict; save model.state_dict()");
  const nested = STATE_DICT_KEYS.map((key) => value.get(key)).find((inner) => inner instanceof Map);
  return nested ?? value;
}

function gatherTensors(stateDict: ReadonlyMap<unknown, unknown>): NamedTensor[] {
  const views: [name: string, view: StridedView][] = [];
  let elements = 0;
  for (const [name, value] of stateDict) {
    if (typeof name !== "string") {
      throw new ModelFileError("the file's dict has a key that is not text; save model.state_dict() alone");
    }
    if (!(value instanceof TensorRef)) {
      throw new ModelFileError(
        `entry ${quote(name)} of the file's dict is not a tensor; save model.state_dict() alone`,
      );
    }
    elements += sizeOf(value.view.shape);
    // With strides of 0 a few bytes can claim any size, so the expanded size is limited, too.
    if (elements > MAX_ELEMENTS) throw new ModelFileError(`the tensors hold more than ${MAX_ELEMENTS} numbers`);
    views.push([name, value.view]);
  }
  return views.map(([name, view]) => ({ name, shape: view.shape, data: gather(view) }));
}

class TensorRef {
  constructor(readonly view: StridedView) {}
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
    ...Object.entries(STORAGE_CLASSES).map(([name, type]) => new StorageClass(name, type)),
  ].map((global) => [global.name, global]),
);

function makeOrderedDict(args: readonly unknown[]): Map<unknown, unknown> {
  if (args.length > 0) throw new ModelFileError("data.pkl is not a state dict: an OrderedDict is made from arguments");
  return new Map();
}

/** `(storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])`. */
function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TensorRef {
  if (!(storage instanceof Storage) || typeof offset !== "number" || !isShape(shape) || !isShape(strides)) {
    throw new ModelFileError("data.pkl is not a state dict: a tensor lacks its storage, offset, shape or strides");
  }
  const view = { storage, offset, shape: shape.items, strides: strides.items };
  checkView(view);
  return new TensorRef(view);
}

/** `(tensor, requires_grad, backward_hooks)`, as a dict of `named_parameters()` is saved. */
function rebuildParameter([tensor]: readonly unknown[]): TensorRef {
  if (tensor instanceof TensorRef) return tensor;
  throw new ModelFileError("data.pkl is not a state dict: a parameter is made of something that is not a tensor");
}

function isShape(value: unknown): value is { items: readonly number[] } {
  return value instanceof Tuple && value.items.every((item) => typeof item === "number");
}

/** @param id the tuple `("storage", storage class, key, device, length)` */
function loadStorage(id: unknown, record: (key: string) => Uint8Array | undefined): Storage {
  const [kind, storageClass, key, , length] = id instanceof Tuple ? id.items : [];
  const isLength = typeof length === "number" && Number.isSafeInteger(length) && length >= 0;
  if (kind !== "storage" || !(storageClass instanceof StorageClass) || typeof key !== "string" || !isLength) {
    throw new ModelFileError("data.pkl is not a state dict: it refers to something that is not a storage of floats");
  }
  const bytes = record(key);
  if (bytes === undefined) throw new ModelFileError(`the file is incomplete: ${quote(`data/${key}`)} is missing`);
  return new Storage(storageClass.type, length, bytes, key);
}
