import assert from "node:assert/strict";
import { gradients } from "../autodiff.ts";
import { referenceBackend, ReferenceSession } from "../backends/reference/backend.ts";
import { wasmBackend } from "../backends/wasm/backend.ts";
import { liveBuffers } from "../backends/webgpu/memory.ts";
import { type Program, state, trace } from "../graph.ts";
import { threefry } from "../random.ts";
import type { Backend, Numbers } from "../session.ts";
import { assertAllClose } from "../testing/assert_all_close.ts";
import { testedBackends } from "../testing/backends.ts";
import { caseProgram, drawInput, runCase, writeInputs } from "../testing/run_program.ts";
import { isSmooth, type OpCase, opCases } from "./cases.ts";
import * as ops from "./mod.ts";

/** Fewer cases: for each op only the awkward sizes 8 and 33 of the seven, and its last case. */
function someSizes(cases: readonly OpCase[]): OpCase[] {
  const kinds = Map.groupBy(cases, ({ name }) => name.replaceAll(/\d+/g, "n"));
  const isChosen = (i: number, count: number) => i % 7 === 3 || i % 7 === 6 || i === count - 1;
  return [...kinds.values()].flatMap((kind) => kind.filter((_, i) => isChosen(i, kind.length)));
}

/** Number of cases that run together on WebGPU. */
const TOGETHER = 16;

const expected = new Map<OpCase, Promise<Map<string, Numbers>>>();

/** The reference's results, computed once for all backends. */
function expectedOf(opCase: OpCase): Promise<Map<string, Numbers>> {
  const results = expected.get(opCase) ?? runCase(opCase, referenceBackend);
  expected.set(opCase, results);
  return results;
}

/** Several cases at a time, because on WebGPU in Deno waiting for one takes as long as waiting for all. */
async function runTogether(cases: readonly OpCase[], backend: Backend) {
  const results = new Map<OpCase, Promise<Map<string, Numbers>>>();
  for (let first = 0; first < cases.length; first += TOGETHER) {
    const group = cases.slice(first, first + TOGETHER);
    for (const opCase of group) results.set(opCase, runCase(opCase, backend));
    // A failure is reported by the step of its case.
    await Promise.allSettled(group.map((opCase) => results.get(opCase)));
  }
  return results;
}

for (const { name, backend, ignore } of testedBackends) {
  Deno.test({ name: `every op on ${name} agrees with the reference`, ignore }, async (t) => {
    // An emulated GPU takes a tenth of a second per case.
    const cases = name === "WebGPU" && !Deno.env.get("LAB_LONG") ? someSizes(opCases) : opCases;
    const running = name === "WebGPU" ? await runTogether(cases, backend) : undefined;
    for (const opCase of cases) {
      await t.step(opCase.name, async () => {
        const actual = await (running?.get(opCase) ?? runCase(opCase, backend));
        for (const [result, values] of await expectedOf(opCase)) {
          assertAllClose(actual.get(result)!, values, opCase.tolerance, `${result} of ${opCase.name}`);
        }
      });
    }
    assert.equal(liveBuffers(), 0, "buffers are left over");
  });
}

/**
 * Compares d(Σ weights · result)/d(input) by autodiff and by central differences, both in float64. Returns the number
 * of elements that it compared.
 */
function checkGradient(opCase: OpCase, program: Program): number {
  const { inputs } = opCase;
  const session = new ReferenceSession({ program });
  writeInputs(session, opCase, program);
  const values = inputs.map((input, i) => Float64Array.from(drawInput(input, i)));
  const loss = session.runExact("program", 0, 1).loss[0];
  // Subtracting two losses cancels their common digits, and dividing by h magnifies the remaining error.
  const h = 1e-5, tolerance = { relative: 1e-6, absolute: 1e-6 + 1e-15 / h * Math.abs(loss) };
  const expected = inputs.map((input, i) =>
    (input.dtype ?? "f32") === "f32" ? session.readExact(`gradient${i}`) : undefined
  );
  let checked = 0;
  for (const [i, gradient] of expected.entries()) {
    if (gradient === undefined) continue;
    // If there are many elements, check a random few.
    const count = Math.min(values[i].length, 12);
    for (let pick = 0; pick < count; pick++) {
      const at = count === values[i].length ? pick : threefry(3, i, pick, 0)[0] % values[i].length;
      const shifted = (by: number) => {
        const moved = values[i].slice();
        moved[at] += by;
        session.write(`input${i}`, moved);
        return session.runExact("program", 0, 1).loss[0];
      };
      const estimate = (shifted(h) - shifted(-h)) / (2 * h);
      session.write(`input${i}`, values[i]);
      assertAllClose([gradient[at]], [estimate], tolerance, `input ${i} element ${at}`);
      checked++;
    }
  }
  return checked;
}

Deno.test("every op's gradient agrees with finite differences in float64", async (t) => {
  for (const opCase of opCases) {
    const program = caseProgram(opCase);
    if (!program.outputs.has("loss") || !isSmooth(opCase)) continue;
    await t.step(opCase.name, () => assert.ok(checkGradient(opCase, program) > 0));
  }
});

Deno.test("gradients that no parameter needs are not built", () => {
  const x = state("x", [4, 3]), w = state("w", [3, 2]);
  const loss = ops.sum(ops.matmul(x, w));
  const program = trace(() => ({ updates: { gradient: gradients(loss, [w])[0] } }));
  const products = program.nodes.filter(ops.matmulOp.matches);
  assert.equal(products.length, 1);
});

Deno.test("a parameter on which the loss does not depend has a gradient of zeros", () => {
  const x = state("x", [2]), unused = state("unused", [3]);
  const [gradient] = gradients(ops.sum(x), [unused]);
  assert.deepEqual(gradient.shape, [3]);
  assert.equal(gradient.op.kind, "leaf");
});

Deno.test("a wrong shape is refused, and the error names the op, its rule and the given types", () => {
  assert.throws(() => ops.matmul(state("a", [2, 3]), state("b", [2, 3])), {
    name: "ShapeError",
    message: "matmul: takes matrices that agree in their inner extent, got f32[2, 3] and f32[2, 3]",
  });
  assert.throws(() => ops.add(state("a", [2]), state("b", [3])), { name: "ShapeError" });
});

Deno.test("dropout masks keep about 1 − p of the units, differ from step to step and repeat for a step", async () => {
  const mask = async (stepNumber: number) => {
    const results = await runCase({
      name: "mask",
      inputs: [{ shape: [], dtype: "i32", range: [stepNumber, stepNumber + 1] }],
      build: (s) => ops.dropoutMask(s, { shape: [100, 100], probability: 0.3, seed: 1, stream: 0 }),
    }, wasmBackend());
    return results.get("result")!;
  };
  const [first, again, other] = [await mask(0), await mask(0), await mask(1)];
  const dropped = first.filter((value) => value === 0).length;
  assert.ok(Math.abs(dropped - 3000) < 200, `${dropped} of 10,000 dropped`);
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
});
