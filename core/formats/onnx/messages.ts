/**
 * The protocol buffers messages of an ONNX file. Field numbers are those of `onnx/onnx.proto` in ONNX 1.12:
 * https://github.com/onnx/onnx/blob/v1.12.0/onnx/onnx.proto
 */
import { concatBytes } from "../../bytes.ts";
import type { NamedTensor } from "../../models/spec.ts";
import { floatBytes } from "../element_types.ts";

/** Versions of the format by operator set: that of ONNX 1.12, and that of 1.15, the first with `Gelu`. */
const IR_VERSIONS = { 17: 8, 20: 9 } as const;

/** `TensorProto.DataType.FLOAT` */
const FLOAT = 1;
/** `AttributeProto.AttributeType` */
const INT = 2;
const STRING = 3;
const INTS = 7;

/** Fields of a `ModelProto`. */
export interface OnnxModel {
  producer: { name: string; version: string };
  metadata: Readonly<Record<string, string>>;
  graph: ProtobufWriter;
  /** The version of the operators that the graph's nodes need. */
  operatorSet: keyof typeof IR_VERSIONS;
}

/** `ModelProto`: the whole file. */
export function model({ producer, metadata, graph, operatorSet }: OnnxModel): ProtobufWriter {
  const message = new ProtobufWriter().integer(1, IR_VERSIONS[operatorSet]).text(2, producer.name).text(
    3,
    producer.version,
  );
  message.message(7, graph).message(8, new ProtobufWriter().text(1, "").integer(2, operatorSet));
  for (const [key, value] of Object.entries(metadata)) {
    message.message(14, new ProtobufWriter().text(1, key).text(2, value));
  }
  return message;
}

/** Fields of a `GraphProto`. */
export interface OnnxGraph {
  name: string;
  /** In an order in which they can be run. */
  nodes: readonly ProtobufWriter[];
  initializers: readonly ProtobufWriter[];
  inputs: readonly ProtobufWriter[];
  outputs: readonly ProtobufWriter[];
}

/** `GraphProto`: the network. */
export function graph({ name, nodes, initializers, inputs, outputs }: OnnxGraph): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const node of nodes) message.message(1, node);
  message.text(2, name);
  for (const initializer of initializers) message.message(5, initializer);
  for (const input of inputs) message.message(11, input);
  for (const output of outputs) message.message(12, output);
  return message;
}

/** Fields of a `NodeProto`. */
export interface OnnxNode {
  operator: string;
  /** Its only output has the same name. */
  name: string;
  inputs: readonly string[];
  /** Texts, whole numbers, or lists of these. */
  attributes?: Readonly<Record<string, string | number | readonly number[]>>;
}

/** `NodeProto`: one operator of the default domain. */
export function node({ operator, name, inputs, attributes = {} }: OnnxNode): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const input of inputs) message.text(1, input);
  message.text(2, name).text(3, name).text(4, operator);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value));
  return message;
}

function attribute(name: string, value: string | number | readonly number[]): ProtobufWriter {
  const message = new ProtobufWriter().text(1, name);
  if (typeof value === "string") return message.text(4, value).integer(20, STRING);
  if (typeof value === "number") return message.integer(3, value).integer(20, INT);
  for (const item of value) message.integer(8, item);
  return message.integer(20, INTS);
}

/** `TensorProto`: float32 in row-major order, as raw little-endian bytes. */
export function tensor({ name, shape, data }: NamedTensor): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const size of shape) message.integer(1, size);
  message.integer(2, FLOAT).text(8, name);
  return message.bytes(9, floatBytes(data));
}

/** `ValueInfoProto`: float32 numbers of `shape`. A size given as text is chosen by the model's user. */
export function valueInfo(name: string, shape: readonly (number | string)[], description: string): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const size of shape) {
    const dimension = new ProtobufWriter();
    dimensions.message(1, typeof size === "number" ? dimension.integer(1, size) : dimension.text(2, size));
  }
  const tensorType = new ProtobufWriter().integer(1, FLOAT).message(2, dimensions);
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensorType)).text(
    3,
    description,
  );
}

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
