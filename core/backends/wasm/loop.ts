/** Emits a fused elementwise loop. */
import type { Code, FunctionBuilder, Local } from "../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, v128 } from "../../codegen/wasm/assembler/instructions.ts";
import { storeLanes } from "../../codegen/wasm/vectors.ts";
import type { LoopItem, LoopOperand } from "../../fuse.ts";
import type { Tensor } from "../../graph.ts";
import type { ElementwiseOp } from "../../op.ts";
import { type Address, baseOf, type WasmKernel } from "../../codegen/wasm/kernel.ts";

/** Elements of a piece of work: a cache line. */
const PIECE = 16;
/**
 * Vectors in a round of the loop, which divide those of a piece: two share what looking at the loop's end costs; with four,
 * registers get scarce.
 */
const UNROLL = 2;

/** Addresses of the operands by source and of the results by node; a constant operand has none. */
export function loopKernel(item: LoopItem, addressOf: (node: Tensor) => Address, valueOf: ConstantOf): WasmKernel {
  const flat = item.operands.every(({ access }) => access === "full" || access === "scalar");
  const write = flat ? emitFlat : emitRows;
  return {
    extent: flat ? Math.ceil((item.rows * item.columns) / PIECE) : item.rows,
    work: item.rows * item.columns * item.nodes.length / 4,
    emit: (f, { from, to }) => write(new Loop(f, item, addressOf, valueOf), from, to),
  };
}

export type ConstantOf = (node: Tensor) => number | undefined;

class Loop {
  /** Values that do not change in the loop, or not within a row. */
  private readonly fixed = new Map<Tensor, Local>();
  /** Products that only the sum behind them reads, and are computed with it. */
  private readonly absorbed: ReadonlySet<Tensor>;

  constructor(
    readonly f: FunctionBuilder,
    readonly item: LoopItem,
    private readonly addressOf: (node: Tensor) => Address,
    private readonly constantOf: ConstantOf,
  ) {
    this.absorbed = absorbedProducts(item);
  }

  private operands(access: LoopOperand["access"]): LoopOperand[] {
    return this.item.operands.filter((operand) => operand.access === access);
  }

  loadScalars(): void {
    for (const operand of this.item.operands) {
      const constant = this.constantOf(operand.source);
      if (constant !== undefined) this.fixed.set(operand.node, this.f.let("v128", f32x4.const(constant)));
    }
    for (const { node, source } of this.operands("scalar")) {
      if (this.fixed.has(node)) continue;
      const at = this.addressOf(source);
      this.fixed.set(node, this.f.let("v128", v128.load32Splat(baseOf(at), at.offset)));
    }
  }

  loadColumns(row: Local): void {
    for (const { node, source } of this.operands("column")) {
      const at = this.addressOf(source);
      const value = v128.load32Splat(baseOf(at, i32.mul(row.get, i32.const(4))), at.offset);
      this.fixed.set(node, this.f.let("v128", value));
    }
  }

  private code(node: Tensor, values: ReadonlyMap<Tensor, Local>): Code {
    const { f } = this;
    const product = node.inputs.find((input) => this.absorbed.has(input));
    if (product === undefined) return (node.op as ElementwiseOp).wasm(f, ...node.inputs.map((x) => values.get(x)!));
    const [a, b] = product.inputs.map((x) => values.get(x)!.get);
    const other = values.get(node.inputs.find((input) => input !== product)!)!.get;
    return node.op.name === "add" ? f.multiplyAdd(a, b, other) : f.multiplySubtract(a, b, other);
  }

  /**
   * One vector of results: `element` and `column` are byte offsets of its first element in the tensor and in its row, less
   * `ahead`.
   */
  vector(element: Local, column: Local | undefined, lanes: number, ahead = 0): void {
    const { f, item } = this;
    const values = new Map(this.fixed);
    for (const { node, source, access } of item.operands) {
      if (values.has(node)) continue;
      const at = this.addressOf(source);
      const offset = access === "row" && column !== undefined ? column : element;
      values.set(node, f.let("v128", v128.load(baseOf(at, offset.get), at.offset + ahead)));
    }
    for (const node of item.nodes) {
      if (!this.absorbed.has(node)) values.set(node, f.let("v128", this.code(node, values)));
    }
    for (const node of item.results) {
      const at = this.addressOf(node);
      const value = values.get(node)!.get;
      if (lanes === 4) f.emit(v128.store(baseOf(at, element.get), at.offset + ahead, value));
      else storeLanes(f, f.let("i32", baseOf(at, element.get)).get, at.offset + ahead, value, lanes);
    }
  }
}

/** The products whose only reader is a sum or a difference that takes them away. */
function absorbedProducts({ nodes, results }: LoopItem): ReadonlySet<Tensor> {
  const readers = new Map<Tensor, number>(results.map((node) => [node, 1]));
  for (const input of nodes.flatMap((node) => node.inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);
  const isFree = (node: Tensor) => node.op.name === "mul" && nodes.includes(node) && readers.get(node) === 1;
  return new Set(nodes.flatMap((node) => {
    const [a, b] = node.inputs;
    if (node.op.name === "add") return isFree(a) ? [a] : isFree(b) ? [b] : [];
    return node.op.name === "sub" && isFree(b) ? [b] : [];
  }));
}

/** All operands run in step: one loop over everything. It may run over the end, into the padding of the buffers. */
function emitFlat(loop: Loop, from: Local, to: Local): void {
  const { f } = loop;
  loop.loadScalars();
  const element = f.let("i32", i32.mul(from.get, i32.const(PIECE * 4)));
  const end = f.let("i32", i32.mul(to.get, i32.const(PIECE * 4)));
  f.countTo(element, end.get, 16 * UNROLL, () => {
    for (let i = 0; i < UNROLL; i++) loop.vector(element, undefined, 4, 16 * i);
  });
}

/** Some operand repeats by row or column: a loop over rows, and one over the columns within. */
function emitRows(loop: Loop, from: Local, to: Local): void {
  const { f } = loop;
  const { columns } = loop.item;
  loop.loadScalars();
  const row = f.let("i32", from.get);
  const element = f.let("i32", i32.mul(from.get, i32.const(columns * 4)));
  const column = f.local("i32");
  const full = columns - (columns % 4);
  f.countTo(row, to.get, 1, () => {
    loop.loadColumns(row);
    f.set(column, i32.const(0));
    if (full > 0) {
      f.countTo(column, i32.const(full * 4), 16, () => {
        loop.vector(element, column, 4);
        f.set(element, i32.add(element.get, i32.const(16)));
      });
    }
    if (columns > full) {
      loop.vector(element, column, columns - full);
      f.set(element, i32.add(element.get, i32.const((columns - full) * 4)));
    }
  });
}
