/** Builds compute shaders for schedule items: bindings and accessors around the code of the ops. */
import { literal, perElement, type WgslKernel } from "../../codegen/wgsl/kernel.ts";
import type { LoopItem, ScheduleItem } from "../../fuse.ts";
import type { Tensor } from "../../graph.ts";
import type { ElementwiseOp } from "../../op.ts";
import { sizeOf } from "../../shape.ts";

/** Where a tensor starts in one of the two buffers of a session. */
export interface BufferLocation {
  /** `memory` holds f32 and i32, and kernels may write it; `bytes` holds u8 and is read-only. */
  readonly buffer: "memory" | "bytes";
  /** In elements. */
  readonly offset: number;
}

/** Finds a tensor in memory. */
export type Locate = (node: Tensor) => BufferLocation;

/** The value of a constant, or undefined for any other node. */
export type ConstantOf = (node: Tensor) => number | undefined;

const BINDINGS = `@group(0) @binding(0) var<storage, read_write> memory: array<u32>;
@group(0) @binding(1) var<storage, read> bytes: array<u32>;`;

/** A function called `name` that reads an element of `node`. */
function reader(name: string, node: Tensor, { buffer, offset }: BufferLocation): string {
  if (buffer === "bytes") {
    return `fn ${name}(i: u32) -> i32 { let at = ${offset}u + i; return i32((bytes[at / 4u] >> (8u * (at % 4u))) & 255u); }`;
  }
  return `fn ${name}(i: u32) -> ${node.dtype} { return bitcast<${node.dtype}>(memory[${offset}u + i]); }`;
}

/** A function called `name` that writes an element of `node`. */
function writer(name: string, node: Tensor, { buffer, offset }: BufferLocation): string {
  if (buffer === "bytes") throw new Error("a program on WebGPU cannot write u8 state");
  return `fn ${name}(i: u32, value: ${node.dtype}) { memory[${offset}u + i] = bitcast<u32>(value); }`;
}

/** A compute shader. */
export interface Shader {
  /** WGSL; the entry point is `main`. */
  readonly code: string;
  /** Number of workgroups in each dimension. */
  readonly workgroups: readonly [number, number, number];
}

function assemble(accessors: readonly string[], kernel: WgslKernel): Shader {
  const code = `${BINDINGS}
${accessors.join("\n")}
${kernel.declarations ?? ""}
@compute @workgroup_size(${kernel.workgroupSize.join(", ")})
fn main(
  @builtin(global_invocation_id) global: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
${kernel.body}
}`;
  return { code, workgroups: kernel.workgroups };
}

/**
 * The shader of a schedule item.
 * @throws {Error} When it writes u8 state.
 */
export function shaderOf(item: ScheduleItem, locate: Locate, constantOf: ConstantOf): Shader {
  if (item.kind === "loop") return loopShader(item, locate, constantOf);
  const { node } = item;
  if (node.op.kind !== "kernel") throw new Error(`${node.op.name} has no WGSL`);
  const readers = node.inputs.map((input, i) => reader(`x${i}`, input, locate(input)));
  return assemble([...readers, writer("put", node, locate(node))], node.op.wgsl(node));
}

/** A fused elementwise loop: one invocation for each element. */
function loopShader(item: LoopItem, locate: Locate, constantOf: ConstantOf): Shader {
  const names = new Map<Tensor, string>();
  const accessors: string[] = [], lines: string[] = [];
  const index = { full: "i", scalar: "0u", row: `i % ${item.columns}u`, column: `i / ${item.columns}u` };
  item.operands.forEach(({ node, source, access }, n) => {
    const constant = constantOf(source);
    names.set(node, `a${n}`);
    if (constant === undefined) accessors.push(reader(`x${n}`, source, locate(source)));
    lines.push(`let a${n} = ${constant === undefined ? `x${n}(${index[access]})` : literal(constant)};`);
  });
  item.nodes.forEach((node, n) => {
    const operands = node.inputs.map((input) => names.get(input)!);
    names.set(node, `v${n}`);
    lines.push(`let v${n} = ${(node.op as ElementwiseOp).wgsl(...operands)};`);
  });
  item.results.forEach((node, n) => {
    accessors.push(writer(`put${n}`, node, locate(node)));
    lines.push(`put${n}(i, ${names.get(node)});`);
  });
  return assemble(accessors, perElement(sizeOf(item.nodes[0].shape), lines.join("\n")));
}
