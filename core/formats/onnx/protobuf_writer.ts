import { concatBytes } from "../../bytes.ts";

/** Wire types of protocol buffers; see https://protobuf.dev/programming-guides/encoding */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

const encoder = new TextEncoder();

/**
 * Writes one message of protocol buffers, one field per call; a repeated field takes repeated calls. Only `finish`
 * copies bytes, so weights are copied once, however deeply their message is nested.
 */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** @param value a whole number in [0, 2⁵³) */
  integer(field: number, value: number): this {
    return this.#tag(field, VARINT).#append(varint(value));
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, LENGTH_DELIMITED).#append(varint(value.length)).#append(value);
  }

  message(field: number, value: ProtobufWriter): this {
    this.#tag(field, LENGTH_DELIMITED).#append(varint(value.#length));
    for (const chunk of value.#chunks) this.#append(chunk);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return concatBytes(this.#chunks);
  }

  #tag(field: number, wireType: number): this {
    return this.#append(varint(field * 8 + wireType));
  }

  #append(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this;
  }
}

/** Seven bits per byte, the lowest first; all bytes but the last have their top bit set. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} cannot be written as a varint`);
  const bytes: number[] = [];
  // Divided, not shifted, because a shift would truncate the number to 32 bits.
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Uint8Array.of(...bytes, value);
}
