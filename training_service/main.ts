/** Starts the training service: `deno run training_service/main.ts`, configured by environment variables. */
import { runMain } from "../service/process/output.ts";
import { readSettings } from "../service/process/settings.ts";
import { runTrainingService } from "./service.ts";

await runMain(() => runTrainingService(readSettings()));
// The training thread ends with the process (see `Runs.stop`).
Deno.exit(0);
