/** What it takes until a page is there. */
import { buildUi } from "../build_ui.ts";
import type { Case, Figure } from "./case.ts";
import { median } from "./measure.ts";
import { withFolder, withService } from "./service_process.ts";

const STARTS = 3;

export function serviceCases(): Case[] {
  return [
    { name: "start-up of the training service to its first page", measure: () => measureStart("training") },
    { name: "start-up of the inference service to its first page", measure: () => measureStart("inference") },
    { name: "pages, gzipped", measure: measurePages },
  ];
}

function measureStart(name: "training" | "inference"): Promise<Figure[]> {
  return withFolder(async (modelsDir) => {
    const times: number[] = [];
    for (let i = 0; i < STARTS; i++) {
      times.push(await withService(name, modelsDir, ({ startMs }) => Promise.resolve(startMs)));
    }
    return [{ value: median(times), unit: "ms" }];
  });
}

/** Each page with the script and the stylesheet that it names. */
function measurePages(): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const files = await buildUi(`${folder}/ui`);
    return Promise.all(["training", "inference"].map(async (page) => {
      const html = await Deno.readTextFile(`${folder}/ui/${page}.html`);
      const parts = files.filter(({ path }) => path === `${page}.html` || html.includes(`/${path}`));
      if (parts.length < 3) throw new Error(`${page}.html names no script or no stylesheet`);
      return { value: parts.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0) / 1000, unit: `kB ${page}` };
    }));
  });
}
