/** Compares `POST /predict` with the same route in FastAPI, PyTorch, Pillow and NumPy. */
import { join } from "node:path";
import { freePort } from "../../service/testing/free_ports.ts";
import type { Bench, Figure } from "./case.ts";
import { compareInTurn, median } from "./measure.ts";
import { ask, load, type Predictions, warmUp, withPredictions } from "./predict.ts";
import { findPython } from "./peers.ts";
import { serves, withService } from "./service_process.ts";

const SCRIPT = join(import.meta.dirname!, "peer_fastapi.py");

/** Requests per second and p99 latency of both services, which must first recognise the same digits. */
export async function compareServices(bench: Bench): Promise<Figure[]> {
  const python = await findPython("FastAPI", ["fastapi", "uvicorn", "torch", "PIL", "numpy"]);
  return await withPredictions(
    bench,
    (modelsDir, predictions) =>
      withService("inference", modelsDir, async ({ url }) => {
        await proveDigits(url, predictions);
        await warmUp(url, predictions.bodies);
        return await withFastApi(python, bench, join(modelsDir, predictions.record.filename), async (peerUrl) => {
          await proveDigits(peerUrl, predictions);
          await warmUp(peerUrl, predictions.bodies);
          const ours: number[] = [], theirs: number[] = [];
          const rateOf = (service: string, p99s: number[]) => async (seconds: number) => {
            const { perSecond, p99 } = await load(service, predictions.bodies, seconds);
            p99s.push(p99);
            return perSecond;
          };
          const pair = { ours: rateOf(url, ours), theirs: rateOf(peerUrl, theirs) };
          return [
            ...await compareInTurn(pair, bench, "requests/s", "FastAPI"),
            { value: median(ours), unit: "ms p99" },
            { value: median(theirs), unit: "ms p99 FastAPI" },
          ];
        });
      }),
  );
}

async function proveDigits(url: string, { bodies, probabilities }: Predictions): Promise<void> {
  for (const [i, body] of bodies.entries()) {
    const { prediction } = await ask(url, body);
    const expected = probabilities[i].indexOf(Math.max(...probabilities[i]));
    if (prediction !== expected) throw new Error(`${url} sees ${prediction} in drawing ${i}, expected ${expected}`);
  }
}

/**
 * Runs FastAPI with as many processes as our service has threads, because Python runs only one thread of a process at a
 * time.
 */
async function withFastApi<T>(
  python: string,
  { settings: { threads } }: Bench,
  model: string,
  body: (url: string) => Promise<T>,
): Promise<T> {
  const port = freePort();
  const child = new Deno.Command(python, {
    args: [SCRIPT, String(port), model, String(threads)],
    env: { OMP_NUM_THREADS: "1" }, // Fastest for single images.
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  try {
    const url = `http://127.0.0.1:${port}`;
    await serves(`${url}/healthz`);
    return await body(url);
  } finally {
    child.kill("SIGTERM"); // FastAPI then ends its processes.
    await child.status;
  }
}
