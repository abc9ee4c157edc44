/** Starts the inference service: `deno run inference_service/main.ts`, configured by environment variables. */
import { runMain } from "../service/process/output.ts";
import { readSettings } from "../service/process/settings.ts";
import { runInferenceService } from "./serve.ts";

await runMain(() => runInferenceService(readSettings()));
// The other threads end with the process, not before (`ServingThreads.shutdown`).
Deno.exit(0);
