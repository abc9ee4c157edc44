/** Compute shaders of a program's items: bindings and accessors around what the ops say. */
import { literal, perElement, type WgslKernel } from "../../codegen/wgsl/kernel.ts";
import type { LoopItem, ScheduleItem } from "../../fuse.ts";
import type { Tensor } from "../../graph.ts";
import type { ElementwiseOp } from "../../op.ts";
import { sizeOf } from "../../shape.ts";

/** Where a tensor begins, in elements, in one of the two buffers of a session. */
export interface Location {
  /** `memory` holds f32 and i32 and is written; `bytes` holds u8 and is only read. */
  readonly buffer: "memory" | "bytes";
  readonly offset: number;
}

export interface Locate {
  (node: Tensor): Location;
}

export type ConstantOf = (node: Tensor) => number | undefined;

const BINDINGS = `@group(0) @binding(0) var<storage, read_write> memory: array<u32>;
@group(0) @binding(1) var<storage, read> bytes: array<u32>;`;

function reader(name: string, node: Tensor, { buffer, offset }: Location): string {
  if (buffer === "bytes") {
    return `fn ${name}(i: u32) -> i32 { let at = ${offset}u + i; return i32((bytes[at / 4u] >> (8u * (at % 4u))) & 255u); }`;
  }
  return `fn ${name}(i: u32) -> ${node.dtype} { return bitcast<${node.dtype}>(memory[${offset}u + i]); }`;
}

function writer(name: string, node: Tensor, { buffer, offset }: Location): string {
  if (buffer === "bytes") throw new Error("a program on WebGPU cannot write u8 state");
  return `fn ${name}(i: u32, value: ${node.dtype}) { memory[${offset}u + i] = bitcast<u32>(value); }`;
}

export interface Shader {
  readonly code: string;
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

export function shaderOf(item: ScheduleItem, locate: Locate, constantOf: ConstantOf): Shader {
  if (item.kind === "loop") return loopShader(item, locate, constantOf);
  const { node } = item;
  if (node.op.kind !== "kernel") throw new Error(`${node.op.name} is no kernel`);
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
