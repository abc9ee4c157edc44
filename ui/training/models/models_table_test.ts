import assert from "node:assert/strict";
import { signal } from "@preact/signals";
import { type ModelRecord, type OptimizerName, OPTIMIZERS } from "../../../protocol/mod.ts";
import { COLUMNS } from "./columns.ts";
import { ModelsTable, PAGE_ROWS } from "./models_table.ts";
import { manyRecords, modelRecord } from "./records_testing.ts";

const column = (key: string) => COLUMNS.find((each) => each.key === key)!;

/** Newest first. */
const RECORDS = [
  modelRecord({ id: "d", timestamp: 4, optimizer: "SGD", accuracy: 91, hidden_layers_config: [512] }),
  modelRecord({
    id: "c",
    timestamp: 3,
    model_type: "ConvNN",
    accuracy: 99,
    hidden_layers_config: [],
    use_dropout: true,
  }),
  modelRecord({
    id: "b",
    timestamp: 2,
    accuracy: 95,
    hidden_layers_config: [128, 64],
    imported: true,
    training_time: 0,
  }),
  modelRecord({ id: "a", timestamp: 1, accuracy: 95, hidden_layers_config: [64, 512], learning_rate: 0.01 }),
];

function open(records: readonly ModelRecord[] = RECORDS) {
  const stored = signal<readonly ModelRecord[] | undefined>(records);
  const table = new ModelsTable(stored);
  return { stored, table, ids: () => table.rows.value.map(({ id }) => id).join("") };
}

Deno.test("the newest model comes first, and each column sorts both ways, with equal models newest first", () => {
  const { table, ids } = open();
  assert.equal(ids(), "dcba");
  const cases = [
    ["type", "dbac", "cdba"],
    ["layers", "cdab", "badc"],
    ["optimizer", "cbad", "dcba"],
    ["rate", "dcba", "adcb"],
    ["dropout", "dbac", "cdba"],
    ["time", "bdca", "dcab"],
  ];
  for (const [key, once, twice] of cases) {
    table.sortBy(column(key));
    assert.equal(ids(), once, `by ${key}`);
    table.sortBy(column(key));
    assert.equal(ids(), twice, `by ${key}, reversed`);
  }
  table.sortBy(column("accuracy"));
  assert.equal(ids(), "cbad", "the most accurate first");
});

Deno.test("words, type and optimizer filter together, and each choice shows how many models it would leave", () => {
  const { table, ids } = open();
  table.find({ text: "  ADAM 128" });
  assert.equal(ids(), "b");
  table.find({ text: "dropout" });
  assert.equal(ids(), "dcba");
  table.find({ text: "", type: "SimpleNN" });
  assert.equal(ids(), "dba");
  const found: Partial<Record<OptimizerName, number>> = { Adam: 2, SGD: 1 };
  const counts = OPTIMIZERS.map((name) => [name, found[name] ?? 0]);
  assert.deepEqual([...table.optimizerCounts.value], counts);
  assert.deepEqual([...table.typeCounts.value], [["SimpleNN", 3], ["ConvNN", 1]]);
  table.find({ optimizer: "SGD" });
  assert.equal(ids(), "d");
  assert.deepEqual([...table.typeCounts.value], [["SimpleNN", 1], ["ConvNN", 0]]);
  assert.ok(table.isFiltered.value);
  table.showAll();
  assert.equal(ids(), "dcba");
});

Deno.test("a value that is only assumed is neither found nor counted, and sorts before all known ones", () => {
  const imported = modelRecord({ id: "e", timestamp: 5, assumed: ["optimizer", "learning_rate", "num_epochs"] });
  const { table, ids } = open([imported, ...RECORDS]);
  const adam = (counts: ReadonlyMap<OptimizerName, number>) => counts.get("Adam");
  assert.equal(adam(table.optimizerCounts.value), 3);
  table.find({ optimizer: "Adam" });
  assert.equal(ids(), "cba");
  table.showAll();
  for (const key of ["optimizer", "rate", "epochs"]) {
    table.sortAs(column(key), "ascending");
    assert.equal(ids()[0], "e", key);
    table.sortAs(column(key), "descending");
    assert.equal(ids()[4], "e", key);
  }
});

Deno.test("the number of pages follows the filters, and filtering returns to the first page", () => {
  const { table } = open(manyRecords(60));
  assert.equal(table.pages.value, 3);
  table.turnTo(9);
  assert.equal(table.page.value, 2);
  assert.equal(table.shown.value.length, 10);
  table.find({ text: "model_5" });
  assert.equal(table.page.value, 0);
  assert.equal(table.pages.value, 1);
  assert.equal(table.shown.value.length, 11);
});

Deno.test("deleted models are not selected, and restored ones are selected again", () => {
  const { table, stored } = open();
  table.select(["a", "d", "b"], true);
  table.select(["d"], false);
  assert.deepEqual(table.selected.value.map(({ id }) => id), ["a", "b"]);
  stored.value = RECORDS.filter(({ id }) => id !== "a");
  assert.deepEqual(table.selected.value.map(({ id }) => id), ["b"]);
  assert.equal(table.query.value.selected, "b");
  stored.value = RECORDS;
  assert.deepEqual(table.selected.value.map(({ id }) => id), ["a", "b"]);
});

Deno.test("the address keeps the state of the table, but nothing for the initial state", () => {
  assert.deepEqual(open().table.query.value, {});
  const { table } = open(manyRecords(200));
  table.find({ text: "nn", type: "SimpleNN", optimizer: "SGD" });
  table.sortBy(column("accuracy"));
  table.turnTo(1);
  table.select(["model_1", "model_7"], true);
  table.comparing.value = true;
  const { query } = table;
  assert.deepEqual(query.value, {
    sort: "-accuracy",
    find: "nn",
    only_type: "SimpleNN",
    only_optimizer: "SGD",
    page: "2",
    selected: "model_1,model_7",
    compare: "true",
  });
  const again = open(manyRecords(200)).table;
  again.read(`?epochs=3&${new URLSearchParams(query.value)}`);
  assert.deepEqual(again.query.value, query.value);
  assert.deepEqual(again.shown.value, table.shown.value);
});

Deno.test("an invalid address shows the table in its initial state", () => {
  const { table, ids } = open();
  table.read("?sort=-shoe&only_type=Transformer&only_optimizer=&page=-3.5&selected=nobody,,a");
  assert.equal(ids(), "dcba");
  assert.equal(table.page.value, 0);
  assert.deepEqual(table.query.value, { selected: "a" });
});

Deno.test("ten thousand models are found and sorted within 100 ms", () => {
  const { table, stored } = open(manyRecords(10_000));
  // Reads everything that the page shows, as the page does after each change.
  const show = () => [table.shown.value, table.typeCounts.value, table.optimizerCounts.value, table.pages.value];
  const times: Record<string, number> = {};
  const time = (what: string, change: () => void) => {
    const start = performance.now();
    change();
    show();
    times[what] = performance.now() - start;
  };
  time("first look", () => {});
  time("first letters", () => table.find({ text: "sgd 5 epochs" }));
  const found = table.rows.value.length;
  assert.equal(found, 3333);
  time("more letters", () => table.find({ text: "sgd 5 epochs 0.0001" }));
  time("type", () => table.find({ text: "", type: "SimpleNN" }));
  for (const key of ["layers", "accuracy", "when"]) time(`by ${key}`, () => table.sortBy(column(key)));
  time("all selected", () => table.select(stored.value!.map(({ id }) => id), true));
  const renewed = manyRecords(10_000);
  time("renewed", () => stored.value = renewed);
  assert.equal(table.selected.value.length, 10_000);
  assert.equal(table.shown.value.length, PAGE_ROWS);
  for (const [what, ms] of Object.entries(times)) assert.ok(ms < 100, `${what}: ${ms.toFixed(1)} ms`);
  console.log(
    "10,000 models:",
    Object.entries(times).map(([what, ms]) => `${what} ${ms.toFixed(1)} ms`).join(", "),
  );
});
