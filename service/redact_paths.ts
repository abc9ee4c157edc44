/** Where the lab's folders lie is the machine's own business: clients hear of them by the names of their settings. */
import { resolve } from "node:path";
import type { Settings } from "./settings.ts";

export type Folders = Pick<Settings, "modelsDir" | "dataDir">;

/** Texts for clients: paths of the folders, where a text has them, become `MODELS_DIR` and `DATA_DIR`. */
export function pathRedactor({ modelsDir, dataDir }: Folders): (text: string) => string {
  const names = [[modelsDir, "MODELS_DIR"], [resolve(modelsDir), "MODELS_DIR"], [dataDir, "DATA_DIR"], [
    resolve(dataDir),
    "DATA_DIR",
  ]];
  // The longer first: one folder may lie in the other. And whole names only: /data is not the beginning of /data2.
  const patterns = names.sort(([a], [b]) => b.length - a.length)
    .map(([path, name]) => [new RegExp(`${RegExp.escape(path)}(?![\\w-])`, "g"), name] as const);
  return (text) => patterns.reduce((told, [pattern, name]) => told.replaceAll(pattern, name), text);
}
