/**
 * Reads a pickle without executing it. In Python a pickle may call anything; here only a few known globals do anything,
 * and every other global gives an opaque object.
 */
import { ModelFileError, quote } from "../errors.ts";
import { Opcode } from "./pickle_opcodes.ts";

/** A Python tuple. A Python list becomes an array. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A global that a pickle may name. Without `call` it cannot be called. */
export class Global {
  constructor(readonly name: string, readonly call?: (args: readonly unknown[]) => unknown) {}
}

/** A global that is not known here, or an object made by one. Nothing is executed to make it. */
export class Opaque {
  /** The contents, for a subclass of dict such as `defaultdict`. */
  readonly entries = new Map<unknown, unknown>();
  /** @param name of the global, such as `argparse.Namespace` */
  constructor(readonly name: string) {}
}

/** Everything that a pickle may refer to. */
export interface PickleHost {
  /** The known globals, by dotted name, such as `collections.OrderedDict`. */
  readonly globals: ReadonlyMap<string, Global>;
  /** Returns the object outside the pickle that `id` refers to. */
  persistentLoad(id: unknown): unknown;
}

/** Protocols of CPython 3; PyTorch writes 2 unless told otherwise. */
const PROTOCOLS = { min: 2, max: 5 };
const FRAME_HEADER_BYTES = 8;
/** Python itself nests no deeper. */
const MAX_OPEN_MARKS = 1000;
const MAX_MEMO = 1_000_000;
const MAX_NAME = 256;
/** Longer integers fit neither a float64 nor any shape. */
const MAX_LONG_BYTES = 128;
/** Each instruction may make one small object, so this limits the memory, besides that of texts and bytes. */
const MAX_INSTRUCTIONS = 4 * 2 ** 20;

/**
 * Modules that run commands or code, or access files, when Python loads the pickle. Nothing is run here, but such a
 * file is refused so that nobody believes it is safe.
 */
const REFUSED_MODULES = new Set(
  ("os posix nt subprocess pty sys socket shutil runpy importlib imp code codeop pdb bdb timeit profile cProfile ctypes " +
    "pickle _pickle marshal webbrowser commands pip").split(" "),
);
const REFUSED_BUILTINS = new Set("eval exec execfile compile __import__ open input breakpoint exit quit".split(" "));

function runsCode(module: string, member: string): boolean {
  if (module === "builtins" || module === "__builtin__") return REFUSED_BUILTINS.has(member.split(".")[0]);
  return REFUSED_MODULES.has(module.split(".")[0]) || module === "torch.hub";
}

/** Python also writes lone surrogates, which UTF-8 lacks, for example of a file's name; they become U+FFFD. */
const text = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The value of a pickle: numbers, strings, booleans, null, arrays (sets, too), `Tuple`s, `Map`s for dicts, bytes, what
 * `host` returns, and `Opaque`s for everything else.
 *
 * @throws {ModelFileError} for a global that runs code in Python, an opcode that Python 3 does not write, or a damaged
 * stream
 */
export function readPickle(bytes: Uint8Array, host: PickleHost): unknown {
  return new PickleMachine(bytes, host).run();
}

class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  /** Stack heights at the open marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #stack: unknown[] = [];
  #at = 0;

  constructor(bytes: Uint8Array, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
  }

  run(): unknown {
    for (let instructions = 0;; instructions++) {
      if (instructions >= MAX_INSTRUCTIONS) throw this.#fault(`more than ${MAX_INSTRUCTIONS} instructions`);
      const opcode = this.#uint8();
      if (opcode === Opcode.STOP) return this.#pop();
      this.#execute(opcode);
    }
  }

  #execute(opcode: number): void {
    switch (opcode) {
      case Opcode.PROTO: {
        const protocol = this.#uint8();
        if (protocol < PROTOCOLS.min || protocol > PROTOCOLS.max) {
          throw this.#fault(`pickle protocol ${protocol}; PyTorch writes protocol 2`);
        }
        return;
      }
      case Opcode.FRAME:
        // A hint how much to read ahead, but everything is already in memory.
        this.#advance(FRAME_HEADER_BYTES);
        return;
      case Opcode.MARK:
        if (this.#marks.length >= MAX_OPEN_MARKS) throw this.#fault(`more than ${MAX_OPEN_MARKS} levels of nesting`);
        this.#marks.push(this.#stack.length);
        return;

      case Opcode.NONE:
        return this.#push(null);
      case Opcode.NEWTRUE:
        return this.#push(true);
      case Opcode.NEWFALSE:
        return this.#push(false);
      case Opcode.BININT1:
        return this.#push(this.#uint8());
      case Opcode.BININT2:
        return this.#push(this.#view.getUint16(this.#advance(2), true));
      case Opcode.BININT:
        return this.#push(this.#view.getInt32(this.#advance(4), true));
      case Opcode.LONG1:
        return this.#push(this.#long(this.#uint8()));
      case Opcode.LONG4:
        return this.#push(this.#long(this.#uint32()));
      case Opcode.BINFLOAT:
        return this.#push(this.#view.getFloat64(this.#advance(8), false));
      case Opcode.BINUNICODE:
        return this.#push(this.#text(this.#uint32()));
      case Opcode.SHORT_BINUNICODE:
        return this.#push(this.#text(this.#uint8()));
      case Opcode.BINUNICODE8:
        return this.#push(this.#text(this.#uint64()));
      case Opcode.BINBYTES:
      case Opcode.BINSTRING:
        return this.#push(this.#slice(this.#uint32()));
      case Opcode.SHORT_BINBYTES:
      case Opcode.SHORT_BINSTRING:
        return this.#push(this.#slice(this.#uint8()));
      case Opcode.BINBYTES8:
      case Opcode.BYTEARRAY8:
        return this.#push(this.#slice(this.#uint64()));

      case Opcode.EMPTY_TUPLE:
        return this.#push(new Tuple([]));
      case Opcode.TUPLE1:
        return this.#push(new Tuple(this.#popMany(1)));
      case Opcode.TUPLE2:
        return this.#push(new Tuple(this.#popMany(2)));
      case Opcode.TUPLE3:
        return this.#push(new Tuple(this.#popMany(3)));
      case Opcode.TUPLE:
        return this.#push(new Tuple(this.#popToMark()));
      case Opcode.FROZENSET:
        return this.#push(this.#popToMark());
      case Opcode.EMPTY_LIST:
      case Opcode.EMPTY_SET:
        return this.#push([]);
      case Opcode.APPEND:
        return this.#append(this.#popMany(1));
      case Opcode.APPENDS:
      case Opcode.ADDITEMS:
        return this.#append(this.#popToMark());
      case Opcode.EMPTY_DICT:
        return this.#push(new Map());
      case Opcode.SETITEM:
        return this.#setItems(this.#popMany(2));
      case Opcode.SETITEMS:
        return this.#setItems(this.#popToMark());

      case Opcode.BINPUT:
        return this.#remember(this.#uint8());
      case Opcode.LONG_BINPUT:
        return this.#remember(this.#uint32());
      case Opcode.MEMOIZE:
        return this.#remember(this.#memo.size);
      case Opcode.BINGET:
        return this.#recall(this.#uint8());
      case Opcode.LONG_BINGET:
        return this.#recall(this.#uint32());

      case Opcode.GLOBAL:
        return this.#push(this.#global(this.#line(), this.#line()));
      case Opcode.STACK_GLOBAL: {
        const [module, name] = this.#popMany(2);
        return this.#push(this.#global(module, name));
      }
      case Opcode.INST: {
        const callee = this.#global(this.#line(), this.#line());
        return this.#call(callee, new Tuple(this.#popToMark()));
      }
      case Opcode.REDUCE:
      case Opcode.NEWOBJ: {
        const [callee, args] = this.#popMany(2);
        return this.#call(callee, args);
      }
      case Opcode.NEWOBJ_EX: {
        const [callee, args] = this.#popMany(3);
        return this.#call(callee, args);
      }
      case Opcode.BUILD:
        // Attributes are not needed. PyTorch stores version numbers in those of an OrderedDict (`_metadata`).
        this.#pop();
        return;
      case Opcode.BINPERSID:
        return this.#push(this.#host.persistentLoad(this.#pop()));
      case Opcode.POP:
        // If the stack is empty above a mark, it removes the mark, as in CPython.
        if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
        else this.#pop();
        return;
      case Opcode.POP_MARK:
        this.#popToMark();
        return;
      case Opcode.DUP: {
        const [top] = this.#popMany(1);
        this.#push(top);
        return this.#push(top);
      }
    }
    throw this.#fault(`opcode 0x${opcode.toString(16).padStart(2, "0")}, which a state dict does not need`);
  }

  #global(module: unknown, member: unknown): Global | Opaque {
    if (typeof module !== "string" || typeof member !== "string") throw this.#fault("a global whose name is not text");
    const name = `${module}.${member}`;
    if (runsCode(module, member)) {
      throw new ModelFileError(
        `the file asks for ${
          quote(name)
        }, which runs code when Python loads the file; nothing was run here. Do not load it ` +
          "elsewhere unless you trust where it comes from",
      );
    }
    return this.#host.globals.get(name) ?? new Opaque(name);
  }

  #call(callee: unknown, args: unknown): void {
    // For example the class of an enum within a class, which Python finds by calling `getattr`.
    if (callee instanceof Opaque) return this.#push(new Opaque(callee.name));
    if (!(callee instanceof Global) || callee.call === undefined || !(args instanceof Tuple)) {
      throw this.#fault("a call of something that cannot be called");
    }
    this.#push(callee.call(args.items));
  }

  #append(items: unknown[]): void {
    const list = this.#stack.at(-1);
    if (list instanceof Opaque) return;
    if (!Array.isArray(list)) throw this.#fault("an item for something that is not a list");
    for (const item of items) list.push(item);
  }

  #setItems(pairs: unknown[]): void {
    const target = this.#stack.at(-1);
    const dict = target instanceof Opaque ? target.entries : target;
    if (!(dict instanceof Map)) throw this.#fault("an item for something that is not a dict");
    if (pairs.length % 2 !== 0) throw this.#fault("a key without a value");
    for (let i = 0; i < pairs.length; i += 2) dict.set(pairs[i], pairs[i + 1]);
  }

  #remember(slot: number): void {
    if (this.#stack.length === 0) throw this.#fault("an empty stack");
    if (this.#memo.size >= MAX_MEMO) throw this.#fault(`more than ${MAX_MEMO} memoised values`);
    this.#memo.set(slot, this.#stack.at(-1));
  }

  #recall(slot: number): void {
    if (!this.#memo.has(slot)) throw this.#fault(`a reference to value ${slot}, which was never set`);
    this.#push(this.#memo.get(slot));
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    return this.#popMany(1)[0];
  }

  #popMany(count: number): unknown[] {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length - count < floor) throw this.#fault("an empty stack");
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#fault("no open mark");
    return this.#stack.splice(mark);
  }

  #uint8(): number {
    return this.#bytes[this.#advance(1)];
  }

  #uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  #uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** A little-endian two's complement integer, exact up to 2⁵³, which no shape or offset reaches. */
  #long(size: number): number {
    const at = this.#advance(size, `an integer of ${size} bytes`);
    if (size > MAX_LONG_BYTES) return Infinity;
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = value << 8n | BigInt(this.#bytes[at + i]);
    return Number(BigInt.asIntN(size * 8, value));
  }

  #slice(size: number): Uint8Array {
    const at = this.#advance(size);
    return this.#bytes.subarray(at, at + size);
  }

  #text(size: number): string {
    const at = this.#advance(size);
    return text.decode(this.#bytes.subarray(at, at + size));
  }

  #line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_NAME + 1).indexOf(0x0a);
    if (end < 0) throw this.#fault("a name without an end");
    const line = this.#text(end);
    this.#advance(1);
    return line;
  }

  /** Skips `size` bytes, which belong to `what`, and returns their offset. */
  #advance(size: number, what = "an instruction"): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw this.#fault(`the end of the data in the middle of ${what}`);
    this.#at += size;
    return at;
  }

  #fault(what: string): ModelFileError {
    return new ModelFileError(`data.pkl is damaged or not a state dict: ${what}, at byte ${this.#at}`);
  }
}
