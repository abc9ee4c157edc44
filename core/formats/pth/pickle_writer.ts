import { Opcode } from "./pickle_opcodes.ts";

const encoder = new TextEncoder();

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
