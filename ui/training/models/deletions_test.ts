import assert from "node:assert/strict";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { FakeLab, settled } from "../../shared/wire/fake_lab_testing.ts";
import { StoredModels } from "../../shared/wire/stored_models.ts";
import { modelRecord } from "./records_testing.ts";
import { Deletions, MOST_WAITING, UNDO_MS } from "./deletions.ts";

const RECORDS = ["c", "b", "a"].map((id) => modelRecord({ id }));
const [C, B, A] = RECORDS;

async function open() {
  const lab = new FakeLab();
  lab.replies.set("/api/models", { status: 200, body: RECORDS });
  for (const { id } of RECORDS) lab.replies.set(`DELETE /api/models/${id}`, { status: 204, body: undefined });
  const stored = new StoredModels(lab);
  await stored.refresh();
  const deletions = new Deletions(lab, stored);
  return { lab, stored, deletions, ids: () => deletions.remaining.value?.map(({ id }) => id).join("") };
}

Deno.test("a model leaves the page at once, and the lab when the time for undoing is over", async () => {
  const { lab, stored, deletions, ids } = await open();
  deletions.delete([B]);
  assert.equal(ids(), "ca");
  assert.deepEqual(lab.removed, []);
  assert.equal(await lab.fireTimer(), UNDO_MS);
  assert.deepEqual(lab.removed, ["/api/models/b"]);
  assert.deepEqual(deletions.waiting.value, []);
  assert.equal(ids(), "ca");
  assert.equal(stored.records.value?.length, 2, "the list itself no longer has it");
});

Deno.test("undo returns models to their rows, the latest first, without a request", async () => {
  const { lab, deletions, ids } = await open();
  deletions.delete([A, C]);
  deletions.delete([B]);
  assert.equal(ids(), "");
  assert.deepEqual(deletions.undo()?.models, [B]);
  assert.equal(ids(), "b");
  assert.deepEqual(deletions.undo()?.models, [A, C]);
  assert.equal(ids(), "cba");
  assert.equal(deletions.undo(), undefined);
  assert.deepEqual(lab.timers, []);
  assert.deepEqual(lab.removed, []);
});

Deno.test("the clock stops while the user is about to undo, then restarts", async () => {
  const { lab, deletions } = await open();
  deletions.delete([A]);
  deletions.hold();
  deletions.delete([B]);
  assert.deepEqual(lab.timers, []);
  deletions.release();
  deletions.release();
  assert.equal(lab.timers.length, 2);
  assert.equal(await lab.fireTimer(), UNDO_MS);
  assert.deepEqual(lab.removed, ["/api/models/a"]);
});

Deno.test("after the last held deletion is undone, the clock runs for the next", async () => {
  const { lab, deletions } = await open();
  deletions.delete([A]);
  deletions.hold();
  deletions.undo();
  deletions.delete([B]);
  assert.equal(await lab.fireTimer(), UNDO_MS);
  assert.deepEqual(lab.removed, ["/api/models/b"]);
});

Deno.test("leaving the page sends all waiting deletions at once", async () => {
  const { lab, deletions } = await open();
  deletions.delete([A]);
  deletions.delete([B, C]);
  deletions.flush();
  assert.deepEqual(lab.removed.toSorted(), ["/api/models/a", "/api/models/b", "/api/models/c"]);
  assert.deepEqual(lab.timers, []);
  await settled();
  assert.equal(lab.removed.length, 3);
});

Deno.test("a model that the lab does not delete returns to the list with the reason", async () => {
  const { lab, deletions, ids } = await open();
  lab.replies.set("DELETE /api/models/b", { status: 500, body: { error: "The disk is read-only." } });
  deletions.delete([A, B]);
  await lab.fireTimer();
  assert.equal(ids(), "cb");
  assert.equal(
    deletions.failure.value,
    "SimpleNN (128), Adam, learning rate 0.001, batch size 64, 5 epochs, no dropout could not be deleted and is in the list again. The disk is read-only.",
  );
  lab.replies.delete("DELETE /api/models/b");
  deletions.delete([B]);
  assert.equal(deletions.failure.value, undefined);
  await lab.fireTimer();
  assert.match(deletions.failure.value!, /The lab could not be reached\.$/);
  assert.equal(ids(), "cb");
  deletions.dismiss();
  assert.equal(deletions.failure.value, undefined);
});

Deno.test("a model that was deleted elsewhere disappears without a message", async () => {
  const { lab, deletions, ids } = await open();
  lab.replies.set("DELETE /api/models/a", { status: 404, body: { error: "There is no model." } });
  deletions.delete([A]);
  await lab.fireTimer();
  assert.equal(ids(), "cb");
  assert.equal(deletions.failure.value, undefined);
});

/** Deletes model a while a list is being fetched, which then arrives with `records`. */
async function deleteBeforeListArrives(records: readonly ModelRecord[]) {
  const page = await open();
  const { lab, stored, deletions } = page;
  const late = Promise.withResolvers<{ status: number; body: unknown }>();
  lab.replies.set("/api/models", late.promise);
  const renewal = stored.refresh();
  deletions.delete([A]);
  await deletions.settle();
  late.resolve({ status: 200, body: records });
  await renewal;
  return page;
}

Deno.test("a list requested before a deletion and received after it does not bring the row back", async () => {
  const { ids } = await deleteBeforeListArrives(RECORDS);
  assert.equal(ids(), "cb");
});

Deno.test("such a list still adds models stored meanwhile, and a later list adds restored models", async () => {
  const { lab, stored, ids } = await deleteBeforeListArrives([modelRecord({ id: "d" }), ...RECORDS]);
  assert.equal(ids(), "dcb");
  lab.replies.set("/api/models", { status: 200, body: RECORDS });
  await stored.refresh();
  assert.equal(ids(), "cba", "the model was restored elsewhere");
});

Deno.test("no more deletions wait than can be sent when the page is left; earlier ones are sent", async () => {
  const { lab, deletions } = await open();
  const many = Array.from({ length: MOST_WAITING - 1 }, (_, i) => modelRecord({ id: `many_${i}` }));
  deletions.delete([A]);
  deletions.delete(many);
  assert.deepEqual(lab.removed, []);
  deletions.delete([B]);
  assert.deepEqual(lab.removed, ["/api/models/a"]);
  assert.deepEqual(deletions.waiting.value.map(({ models }) => models.length), [MOST_WAITING - 1, 1]);
  deletions.delete([...many, A, B]);
  assert.equal(deletions.waiting.value.length, 2, "more than that at once are refused");
});
