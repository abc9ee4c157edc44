/** The table of stored models as a user finds it on the training page. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { writePth } from "../../core/formats/pth/writer.ts";
import { initialParameters } from "../../core/models/parameters.ts";
import type { ModelRecord } from "../../protocol/mod.ts";
import { eventually } from "./eventually.ts";
import type { Lab } from "./lab.ts";

export function modelsRegion(page: Page): Locator {
  return page.getByRole("region", { name: "Stored models" });
}

/** Cells of the column called `title` on the page of the table that is shown, from the top. */
export async function columnTexts(page: Page, title: string): Promise<string[]> {
  return await modelsRegion(page).locator(`[data-title="${title}"]`).allInnerTexts();
}

export async function columnBecomes(page: Page, title: string, texts: readonly string[]): Promise<void> {
  await eventually(async () => assert.deepEqual(await columnTexts(page, title), texts));
}

/** The row of the model whose description holds `words`. */
export function rowOf(page: Page, words: string): Locator {
  return modelsRegion(page).getByRole("row").filter({
    has: page.getByRole("checkbox", { name: `Select ${words}` }),
  });
}

export async function openMenu(page: Page, words: string): Promise<Locator> {
  const row = rowOf(page, words);
  await row.locator("summary").click();
  return row;
}

/**
 * Stores these models in place of all others, as another program would, each an untrained network with the given fields.
 * Not while one is being trained.
 */
export async function putModels(lab: Lab, fields: readonly Partial<ModelRecord>[]): Promise<ModelRecord[]> {
  const records = fields.map((given, i): ModelRecord => ({
    id: `put_${i}`,
    filename: `put_${i}.pth`,
    timestamp: 1_700_000_000 + i,
    model_type: "SimpleNN",
    optimizer: "Adam",
    learning_rate: 0.001,
    batch_size: 64,
    num_epochs: 5,
    hidden_layers_config: [8],
    use_dropout: false,
    dropout_p: 0.3,
    accuracy: 90,
    training_time: 1,
    ...given,
  }));
  for (const { id, filename, model_type: modelType, hidden_layers_config: hiddenLayers } of records) {
    await Deno.writeFile(
      join(lab.modelsDir, filename),
      writePth(initialParameters({ modelType, hiddenLayers }, 1), id),
    );
  }
  await Deno.writeTextFile(join(lab.modelsDir, "models_metadata.json"), JSON.stringify(records));
  assert.equal((await lab.models()).length, records.length);
  return records;
}
