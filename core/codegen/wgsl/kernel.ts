/** What an op says to WebGPU: the body of a compute shader. The backend adds bindings, accessors and the entry point. */
/**
 * In `body` and `declarations`, `x0(i)`, `x1(i)`, … read element `i: u32` of an input (f32, or i32 for indices and bytes) and
 * `put(i, value)` writes one of the output. `body` also has `global`, `local` and `group`: this invocation's number in all,
 * in its workgroup, and the number of its workgroup, each a `vec3<u32>`.
 */
export interface WgslKernel {
  readonly workgroups: readonly [x: number, y: number, z: number];
  readonly workgroupSize: readonly [x: number, y: number, z: number];
  readonly declarations?: string;
  readonly body: string;
}

/** WebGPU's baseline allows this many workgroups in a dimension. */
const MAX_WORKGROUPS = 65535;
const INVOCATIONS = 64;

/** One invocation for each `i: u32` below `count`. */
export function perElement(count: number, body: string, declarations?: string): WgslKernel {
  const groups = Math.ceil(count / INVOCATIONS), x = Math.min(groups, MAX_WORKGROUPS), y = Math.ceil(groups / x);
  return {
    workgroups: [x, y, 1],
    workgroupSize: [INVOCATIONS, 1, 1],
    declarations,
    body: `let i = global.x + global.y * ${x * INVOCATIONS}u;
if (i >= ${count}u) { return; }
${body}`,
  };
}

/** Statements that split the number `index` of an element into its coordinates, one variable for each of `names`. */
export function coordinates(index: string, shape: readonly number[], names: readonly string[]): string {
  let stride = 1;
  const lines = shape.map((extent, axis) => ({ extent, axis })).reverse().map(({ extent, axis }) => {
    const quotient = stride === 1 ? index : `(${index} / ${stride}u)`;
    stride *= extent;
    return `let ${names[axis]} = ${axis === 0 ? quotient : `${quotient} % ${extent}u`};`;
  });
  return lines.join("\n");
}

/** A float32 literal. */
export function literal(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new Error(`${value} has no literal in WGSL`);
  const text = rounded.toString();
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
