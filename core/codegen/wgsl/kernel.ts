/** Kernels in WGSL, and helpers that most of them use. */

/**
 * The body of a compute shader; the backend adds bindings, accessors and the entry point. In `body` and `declarations`,
 * `x0(i)`, `x1(i)`, … read element `i: u32` of an input (as f32, or i32 for indices and bytes), and `put(i, value)`
 * writes an element of the output. `body` also has `global`, `local` and `group`, each a `vec3<u32>`: the ids of this
 * invocation among all and within its workgroup, and the id of its workgroup.
 */
export interface WgslKernel {
  /** Number of workgroups in each dimension. */
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Invocations per workgroup in each dimension. */
  readonly workgroupSize: readonly [x: number, y: number, z: number];
  /** Functions and variables outside the entry point. */
  readonly declarations?: string;
  /** Statements of the entry point. */
  readonly body: string;
}

/** The number of workgroups in a dimension that every WebGPU device allows. */
const MAX_WORKGROUPS = 65535;
/** Invocations per workgroup. */
const INVOCATIONS = 64;

/** A kernel that runs `body` once for each `i: u32` below `count`. */
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

/** Statements that split an element's `index` into coordinates, stored in the variables `names`. */
export function coordinates(index: string, shape: readonly number[], names: readonly string[]): string {
  let stride = 1;
  const lines = shape.map((extent, axis) => ({ extent, axis })).reverse().map(({ extent, axis }) => {
    const quotient = stride === 1 ? index : `(${index} / ${stride}u)`;
    stride *= extent;
    return `let ${names[axis]} = ${axis === 0 ? quotient : `${quotient} % ${extent}u`};`;
  });
  return lines.join("\n");
}

/**
 * `value`, rounded to float32, as a literal.
 * @throws {Error} When it is not finite: WGSL has no such literals.
 */
export function literal(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new Error(`${value} has no literal in WGSL`);
  const text = rounded.toString();
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
