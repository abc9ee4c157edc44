/** Sums in WGSL. */
import type { Split } from "../extents.ts";
import { perElement, type WgslKernel } from "./kernel.ts";

/** Invocations that share a long sum. */
const TEAM = 64;

/**
 * A kernel for sums. A workgroup shares a long sum and adds its parts pairwise; one invocation computes a short sum.
 */
export function sumWgsl({ outer, length, inner }: Split): WgslKernel {
  const start = (result: string) => `let start = (${result} / ${inner}u) * ${length * inner}u + ${result} % ${inner}u;`;
  const loop = (first: string, step: number) =>
    `var total = 0.0;
for (var k = ${first}; k < ${length}u; k += ${step}u) { total += x0(start + k * ${inner}u); }`;
  if (length < 4 * TEAM) return perElement(outer * inner, `${start("i")}\n${loop("0u", 1)}\nput(i, total);`);
  const x = Math.min(outer * inner, 65535);
  return {
    workgroups: [x, Math.ceil((outer * inner) / x), 1],
    workgroupSize: [TEAM, 1, 1],
    declarations: `var<workgroup> parts: array<f32, ${TEAM}>;`,
    body: `let result = group.x + group.y * ${x}u;
${start("result")}
${loop("local.x", TEAM)}
parts[local.x] = total;
for (var half = ${TEAM / 2}u; half > 0u; half /= 2u) {
  workgroupBarrier();
  if (local.x < half) { parts[local.x] += parts[local.x + half]; }
}
if (local.x == 0u && result < ${outer * inner}u) { put(result, parts[0]); }`,
  };
}
