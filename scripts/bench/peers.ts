/** Other systems at the same work. */
import type { Bench, Case } from "./case.ts";
import { INFERENCE_SPECS, nameOf, titleOf, TRAINING_CONFIGS } from "./configs.ts";
import { BATCHES, batchTitle } from "./inference.ts";
import { compareServices } from "./peer_fastapi.ts";
import { compareInference, compareTraining } from "./peer_pytorch.ts";

export function peerCases(bench: Bench): Case[] {
  return [
    ...TRAINING_CONFIGS.map((config) => ({
      name: `peer PyTorch, train ${titleOf(config)}`,
      measure: () => compareTraining(bench, config),
    })),
    ...INFERENCE_SPECS.flatMap((spec) =>
      BATCHES.map((batch) => ({
        name: `peer PyTorch, infer ${nameOf(spec)}, ${batchTitle(batch)}`,
        measure: () => compareInference(bench, spec, batch),
      }))
    ),
    { name: "peer FastAPI, predict over HTTP", measure: () => compareServices(bench) },
  ];
}
