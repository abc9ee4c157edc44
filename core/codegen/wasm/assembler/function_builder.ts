import { type Code, unsigned } from "./encoding.ts";
import { f32x4, i32 } from "./instructions.ts";

export type { Code } from "./encoding.ts";

export type ValueType = "i32" | "i64" | "f32" | "v128";

const TYPE_CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, v128: 0x7b };

export function typeCode(type: ValueType): number {
  return TYPE_CODES[type];
}

/** A local variable; `get` is the code that reads it. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
  readonly get: Code;
}

/** What the engine that will run the module offers beyond 128-bit SIMD. */
export interface WasmFeatures {
  /** Fused multiply-add of the relaxed SIMD extension. */
  readonly relaxedFma: boolean;
}

const BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b, BRANCH = 0x0c, BRANCH_IF = 0x0d, CALL = 0x10;
const LOCAL_GET = 0x20, LOCAL_SET = 0x21, EMPTY = 0x40;

/** Writes one function: declares locals and appends statements in order. */
export class FunctionBuilder {
  readonly params: readonly Local[];
  private readonly locals: Local[] = [];
  private readonly constants = new Map<string, Local>();
  private readonly prologue: number[] = [];
  private readonly body: number[] = [];

  constructor(readonly name: string, paramTypes: readonly ValueType[], readonly features: WasmFeatures) {
    this.params = paramTypes.map((type) => this.local(type));
  }

  local(type: ValueType): Local {
    const index = this.locals.length;
    const local: Local = { index, type, get: [LOCAL_GET, ...unsigned(index)] };
    this.locals.push(local);
    return local;
  }

  /** Appends code that leaves nothing on the stack. */
  emit(code: Code): void {
    for (const byte of code) this.body.push(byte);
  }

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
   * Reads a constant vector that is made once, in front of everything else; in a loop, V8 would make it anew in each round.
   *
   * @param value a constant instruction
   */
  constant(value: Code): Code {
    const key = value.join();
    let local = this.constants.get(key);
    if (local === undefined) {
      local = this.local("v128");
      this.constants.set(key, local);
      this.prologue.push(...value, LOCAL_SET, ...unsigned(local.index));
    }
    return local.get;
  }

  call(functionIndex: number, ...operands: Code[]): void {
    this.emit([...operands.flat(), CALL, ...unsigned(functionIndex)]);
  }

  if(condition: Code, then: () => void, otherwise?: () => void): void {
    this.emit([...condition, IF, EMPTY]);
    then();
    if (otherwise) {
      this.emit([ELSE]);
      otherwise();
    }
    this.emit([END]);
  }

  /** Repeats `body` while `condition` holds, looking first. */
  while(condition: Code, body: () => void): void {
    this.emit([BLOCK, EMPTY, LOOP, EMPTY, ...condition, ...i32.eqz(), BRANCH_IF, 1]);
    body();
    this.emit([BRANCH, 0, END, END]);
  }

  /** Counts `index` from its present value up to `end` (excluded); `end` is evaluated in each round. */
  countTo(index: Local, end: Code, step: number, body: () => void): void {
    this.while(i32.ltS(index.get, end), () => {
      body();
      this.set(index, i32.add(index.get, i32.const(step)));
    });
  }

  /** Runs `body` for each of `count` with a local that counts from 0. */
  forEach(count: number, body: (index: Local) => void): void {
    const index = this.let("i32", i32.const(0));
    this.countTo(index, i32.const(count), 1, () => body(index));
  }

  /** `body` exactly `count` times, known now and at least 1; cheaper than `countTo`, for it looks at the end only. */
  repeat(count: number, body: () => void): void {
    if (count < 1) throw new RangeError(`a loop of ${count} rounds would never end`);
    if (count === 1) return body();
    const left = this.let("i32", i32.const(count));
    this.emit([LOOP, EMPTY]);
    body();
    this.set(left, i32.sub(left.get, i32.const(1)));
    this.emit([...left.get, BRANCH_IF, 0, END]);
  }

  /** a × b + c, fused where the engine can. */
  multiplyAdd(a: Code, b: Code, c: Code): Code {
    return this.features.relaxedFma ? f32x4.relaxedMadd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
  }

  /** c − a × b, fused where the engine can. */
  multiplySubtract(a: Code, b: Code, c: Code): Code {
    return this.features.relaxedFma ? f32x4.relaxedNmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
  }

  encode(): number[] {
    const declarations = this.locals.slice(this.params.length).map((local) => [1, typeCode(local.type)]);
    const code = [...unsigned(declarations.length), ...declarations.flat(), ...this.prologue, ...this.body, END];
    return [...unsigned(code.length), ...code];
  }
}
