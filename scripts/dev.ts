/** `deno task dev`: fetches the dataset, builds the pages and runs both services until Ctrl+C. */
import { banner, pageAddress, stopSignal } from "../cli/serve.ts";
import { printLine } from "../service/process/output.ts";
import { runMain } from "../service/process/output.ts";
import { readSettings } from "../service/process/settings.ts";
import { requireFreePorts, supervise, waitUntilListening } from "./lib/supervise.ts";
import { prepare } from "./lib/prepare.ts";
import { serviceCommand } from "../service/process/launch.ts";

const SERVICES = ["training", "inference"] as const;

await runMain(async () => {
  const settings = readSettings();
  requireFreePorts(settings);
  await prepare(settings, (line) => void printLine(line));

  const ended = new AbortController();
  const parts = SERVICES.map((name) => ({ name: `${name} service`, command: serviceCommand(name, settings) }));
  const running = supervise(parts, stopSignal()).finally(() => ended.abort());
  const pages = SERVICES.map((service) => pageAddress(service, settings));
  if (await waitUntilListening(pages, ended.signal)) printLine(banner(SERVICES, settings));
  Deno.exit(await running);
});
