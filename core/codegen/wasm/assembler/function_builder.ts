/** Writes the body of one WebAssembly function. */
import { type Code, unsigned } from "./encoding.ts";
import { f32x4, i32, trap } from "./instructions.ts";

export type { Code } from "./encoding.ts";

/** The types of values on the stack, of locals and of parameters; WebAssembly's other types are not used. */
export type ValueType = "i32" | "i64" | "f32" | "v128";

const TYPE_CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, v128: 0x7b };

/** The byte that encodes a type in a module. */
export function typeCode(type: ValueType): number {
  return TYPE_CODES[type];
}

/** A local variable; `get` is the code that reads it. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
  readonly get: Code;
}

/** Features of the WebAssembly engine beyond 128-bit SIMD. */
export interface WasmFeatures {
  /** Fused multiply-add of the relaxed SIMD extension. */
  readonly relaxedFma: boolean;
}

const BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b, BRANCH = 0x0c, BRANCH_IF = 0x0d, CALL = 0x10;
const LOCAL_GET = 0x20, LOCAL_SET = 0x21, EMPTY = 0x40;

/** Builds one function: declares locals and appends statements in order. */
export class FunctionBuilder {
  /** The first locals, which the caller sets. */
  readonly params: readonly Local[];
  readonly #locals: Local[] = [];
  /** Locals that hold a constant vector, by its code. */
  readonly #constants = new Map<string, Local>();
  readonly #prologue: number[] = [];
  readonly #body: number[] = [];

  constructor(readonly name: string, paramTypes: readonly ValueType[], readonly features: WasmFeatures) {
    this.params = paramTypes.map((type) => this.local(type));
  }

  /** A new local, 0 at first. */
  local(type: ValueType): Local {
    const index = this.#locals.length;
    const local: Local = { index, type, get: [LOCAL_GET, ...unsigned(index)] };
    this.#locals.push(local);
    return local;
  }

  /** Appends code that leaves nothing on the stack. */
  emit(code: Code): void {
    for (const byte of code) this.#body.push(byte);
  }

  /** Appends `local = value`. */
  set(local: Local, value: Code): void {
    this.emit([...value, LOCAL_SET, ...unsigned(local.index)]);
  }

  /** A new local that holds `value`. */
  let(type: ValueType, value: Code): Local {
    const local = this.local(type);
    this.set(local, value);
    return local;
  }

  /**
   * Code that reads a constant vector. The function makes it once, at its start, because V8 would make it again in each
   * round of a loop. `value` is a constant instruction.
   */
  constant(value: Code): Code {
    const key = value.join();
    let local = this.#constants.get(key);
    if (local === undefined) {
      local = this.local("v128");
      this.#constants.set(key, local);
      this.#prologue.push(...value, LOCAL_SET, ...unsigned(local.index));
    }
    return local.get;
  }

  /** Calls the function that `ModuleBuilder.addFunction` numbered `functionIndex`. */
  call(functionIndex: number, ...operands: Code[]): void {
    this.emit([...operands.flat(), CALL, ...unsigned(functionIndex)]);
  }

  /** Runs `then` if `condition` is not 0, else `otherwise`. Both append their statements during this call. */
  if(condition: Code, then: () => void, otherwise?: () => void): void {
    this.emit([...condition, IF, EMPTY]);
    then();
    if (otherwise) {
      this.emit([ELSE]);
      otherwise();
    }
    this.emit([END]);
  }

  /** Repeats `body` while `condition` is not 0, which is checked before each round. */
  while(condition: Code, body: () => void): void {
    this.emit([BLOCK, EMPTY, LOOP, EMPTY, ...condition, ...i32.eqz(), BRANCH_IF, 1]);
    body();
    this.emit([BRANCH, 0, END, END]);
  }

  /** Counts `index` from its current value up to `end` (excluded) by `step`; `end` is evaluated in each round. */
  countTo(index: Local, end: Code, step: number, body: () => void): void {
    this.while(i32.ltS(index.get, end), () => {
      body();
      this.set(index, i32.add(index.get, i32.const(step)));
    });
  }

  /** Runs `body` with a local that counts from 0 to `count` (excluded). */
  forEach(count: number, body: (index: Local) => void): void {
    const index = this.let("i32", i32.const(0));
    this.countTo(index, i32.const(count), 1, () => body(index));
  }

  /**
   * Runs `body` exactly `count` times. Cheaper than `countTo`, because the condition is checked only at the end.
   * @throws {RangeError} when `count` is less than 1.
   */
  repeat(count: number, body: () => void): void {
    if (count < 1) throw new RangeError(`a loop of ${count} rounds would never end`);
    if (count === 1) return body();
    const left = this.let("i32", i32.const(count));
    this.emit([LOOP, EMPTY]);
    body();
    this.set(left, i32.sub(left.get, i32.const(1)));
    this.emit([...left.get, BRANCH_IF, 0, END]);
  }

  /**
   * Traps unless `index`, as an unsigned integer, is less than `count`. Use it for numbers from memory that become
   * addresses: whatever the memory contains, addresses computed from them then stay within bounds.
   */
  requireBelow(index: Local, count: number): void {
    this.if(i32.geU(index.get, i32.const(count)), () => this.emit(trap));
  }

  /** a × b + c, with one rounding if the engine has fused multiply-add. */
  multiplyAdd(a: Code, b: Code, c: Code): Code {
    return this.features.relaxedFma ? f32x4.relaxedMadd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
  }

  /** c − a × b, with one rounding if the engine has fused multiply-add. */
  multiplySubtract(a: Code, b: Code, c: Code): Code {
    return this.features.relaxedFma ? f32x4.relaxedNmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
  }

  /** The function's instructions, without the end of its body. */
  get code(): Code {
    return [...this.#prologue, ...this.#body];
  }

  /** The types of all locals, parameters first. */
  get localTypes(): ValueType[] {
    return this.#locals.map((local) => local.type);
  }

  /** The function's entry in the code section: the size, the locals, and the instructions `body`. */
  encode(body: Code): number[] {
    const declarations = this.#locals.slice(this.params.length).map((local) => [1, typeCode(local.type)]);
    const code = [...unsigned(declarations.length), ...declarations.flat(), ...body, END];
    return [...unsigned(code.length), ...code];
  }
}
