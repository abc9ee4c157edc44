/** Fused elementwise loops in WebAssembly: every node of a loop is computed in registers, four elements at a time. */
import type { Code, FunctionBuilder, Local } from "../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, v128 } from "../../codegen/wasm/assembler/instructions.ts";
import { storeLanes } from "../../codegen/wasm/vectors.ts";
import type { LoopItem, LoopOperand } from "../../fuse.ts";
import type { Tensor } from "../../graph.ts";
import { addOp, mulOp, subOp } from "../../ops/mod.ts";
import type { ElementwiseOp } from "../../op.ts";
import { type Address, baseOf, type WasmKernel } from "../../codegen/wasm/kernel.ts";

/** Elements of a work item: a cache line. */
const ELEMENTS_PER_ITEM = 16;
/**
 * Vectors per round of the loop; must divide the number in a work item. Two halve the cost of checking the loop's end;
 * with four, registers become scarce.
 */
const UNROLL = 2;

/**
 * The kernel of a fused loop. `addressOf` gives the addresses of the operands' sources and of the results; `constantOf`
 * gives the number that fills an operand's source if it is a constant, which has no address.
 */
export function loopKernel(item: LoopItem, addressOf: AddressOf, constantOf: ConstantOf): WasmKernel {
  const flat = item.operands.every(({ access }) => access === "full" || access === "scalar");
  const write = flat ? emitFlat : emitRows;
  return {
    extent: flat ? Math.ceil((item.rows * item.columns) / ELEMENTS_PER_ITEM) : item.rows,
    work: item.rows * item.columns * item.nodes.length / 4,
    emit: (f, { from, to }) => write(new Loop(f, item, addressOf, constantOf), from, to),
  };
}

type AddressOf = (node: Tensor) => Address;
type ConstantOf = (node: Tensor) => number | undefined;

class Loop {
  /** Values that do not change in the whole loop or within a row. */
  readonly #fixed = new Map<Tensor, Local>();
  /** Products that are computed by a multiply-add, together with the sum that reads them. */
  readonly #absorbed: ReadonlySet<Tensor>;
  readonly #addressOf: AddressOf;
  readonly #constantOf: ConstantOf;

  constructor(readonly f: FunctionBuilder, readonly item: LoopItem, addressOf: AddressOf, constantOf: ConstantOf) {
    this.#addressOf = addressOf;
    this.#constantOf = constantOf;
    this.#absorbed = absorbedProducts(item);
  }

  #operands(access: LoopOperand["access"]): LoopOperand[] {
    return this.item.operands.filter((operand) => operand.access === access);
  }

  /** Loads values that are the same for every element. */
  loadScalars(): void {
    for (const operand of this.item.operands) {
      const constant = this.#constantOf(operand.source);
      if (constant !== undefined) this.#fixed.set(operand.node, this.f.let("v128", f32x4.const(constant)));
    }
    for (const { node, source } of this.#operands("scalar")) {
      if (this.#fixed.has(node)) continue;
      const at = this.#addressOf(source);
      this.#fixed.set(node, this.f.let("v128", v128.load32Splat(baseOf(at), at.offset)));
    }
  }

  /** Loads values that are the same for every element of a row. */
  loadColumns(row: Local): void {
    for (const { node, source } of this.#operands("column")) {
      const at = this.#addressOf(source);
      const value = v128.load32Splat(baseOf(at, i32.mul(row.get, i32.const(4))), at.offset);
      this.#fixed.set(node, this.f.let("v128", value));
    }
  }

  #code(node: Tensor, values: ReadonlyMap<Tensor, Local>): Code {
    const { f } = this;
    const product = node.inputs.find((input) => this.#absorbed.has(input));
    if (product === undefined) return (node.op as ElementwiseOp).wasm(f, ...node.inputs.map((x) => values.get(x)!));
    const [a, b] = product.inputs.map((x) => values.get(x)!.get);
    const other = values.get(node.inputs.find((input) => input !== product)!)!.get;
    return node.op === addOp ? f.multiplyAdd(a, b, other) : f.multiplySubtract(a, b, other);
  }

  /**
   * Computes one vector of each result. `element` and `column` are the byte offsets of its first element in the tensor
   * and in its row, minus `ahead`. Only the first `lanes` are stored.
   */
  vector(element: Local, column: Local | undefined, lanes: number, ahead = 0): void {
    const { f, item } = this;
    const values = new Map(this.#fixed);
    for (const { node, source, access } of item.operands) {
      if (values.has(node)) continue;
      const at = this.#addressOf(source);
      const offset = access === "row" && column !== undefined ? column : element;
      values.set(node, f.let("v128", v128.load(baseOf(at, offset.get), at.offset + ahead)));
    }
    for (const node of item.nodes) {
      if (!this.#absorbed.has(node)) values.set(node, f.let("v128", this.#code(node, values)));
    }
    for (const node of item.results) {
      const at = this.#addressOf(node);
      const value = values.get(node)!.get;
      if (lanes === 4) f.emit(v128.store(baseOf(at, element.get), at.offset + ahead, value));
      else storeLanes(f, f.let("i32", baseOf(at, element.get)).get, at.offset + ahead, value, lanes);
    }
  }
}

/** The products whose only reader is a sum, or a difference that subtracts them; one for each reader. */
function absorbedProducts({ nodes, results }: LoopItem): ReadonlySet<Tensor> {
  const readers = new Map<Tensor, number>(results.map((node) => [node, 1]));
  for (const input of nodes.flatMap((node) => node.inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);
  const isFree = (node: Tensor) => node.op === mulOp && nodes.includes(node) && readers.get(node) === 1;
  return new Set(nodes.flatMap((node) => {
    const [a, b] = node.inputs;
    if (node.op === addOp) return isFree(a) ? [a] : isFree(b) ? [b] : [];
    return node.op === subOp && isFree(b) ? [b] : [];
  }));
}

/**
 * One loop over all elements, for operands that have either all elements or one. It may run past the end, into the
 * buffers' padding.
 */
function emitFlat(loop: Loop, from: Local, to: Local): void {
  const { f } = loop;
  loop.loadScalars();
  const element = f.let("i32", i32.mul(from.get, i32.const(ELEMENTS_PER_ITEM * 4)));
  const end = f.let("i32", i32.mul(to.get, i32.const(ELEMENTS_PER_ITEM * 4)));
  f.countTo(element, end.get, 16 * UNROLL, () => {
    for (let i = 0; i < UNROLL; i++) loop.vector(element, undefined, 4, 16 * i);
  });
}

/** A loop over rows and a loop over their columns, for operands that repeat along rows or columns. */
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
