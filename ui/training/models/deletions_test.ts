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

Deno.test("a model is gone from the page at once, and from the lab when the time for undoing is over", async () => {
  const { lab, stored, deletions, ids } = await open();
  deletions.delete([B]);
  assert.equal(ids(), "ca");
  assert.deepEqual(lab.removed, []);
  assert.equal(await lab.passWait(), UNDO_MS);
  assert.deepEqual(lab.removed, ["/api/models/b"]);
  assert.deepEqual(deletions.waiting.value, []);
  assert.equal(ids(), "ca");
  assert.equal(stored.records.value?.length, 2, "the list itself no longer has it");
});

Deno.test("Undo puts models back where they were, the latest first, and the lab hears nothing", async () => {
  const { lab, deletions, ids } = await open();
  deletions.delete([A, C]);
  deletions.delete([B]);
  assert.equal(ids(), "");
  assert.deepEqual(deletions.undo()?.models, [B]);
  assert.equal(ids(), "b");
  assert.deepEqual(deletions.undo()?.models, [A, C]);
  assert.equal(ids(), "cba");
  assert.equal(deletions.undo(), undefined);
  assert.deepEqual(lab.waits, []);
  assert.deepEqual(lab.removed, []);
});

Deno.test("time stands still as long as somebody is about to undo, then counts anew", async () => {
  const { lab, deletions } = await open();
  deletions.delete([A]);
  deletions.hold();
  deletions.delete([B]);
  assert.deepEqual(lab.waits, []);
  deletions.release();
  deletions.release();
  assert.equal(lab.waits.length, 2);
  assert.equal(await lab.passWait(), UNDO_MS);
  assert.deepEqual(lab.removed, ["/api/models/a"]);
});

Deno.test("after the last held one is undone, time counts for the next", async () => {
  const { lab, deletions } = await open();
  deletions.delete([A]);
  deletions.hold();
  deletions.undo();
  deletions.delete([B]);
  assert.equal(await lab.passWait(), UNDO_MS);
  assert.deepEqual(lab.removed, ["/api/models/b"]);
});

Deno.test("whoever leaves the page has meant it: all that waits is asked for in the same breath", async () => {
  const { lab, deletions } = await open();
  deletions.delete([A]);
  deletions.delete([B, C]);
  deletions.flush();
  assert.deepEqual(lab.removed.toSorted(), ["/api/models/a", "/api/models/b", "/api/models/c"]);
  assert.deepEqual(lab.waits, []);
  await settled();
  assert.equal(lab.removed.length, 3);
});

Deno.test("what the lab does not remove is in the list again, with the reason", async () => {
  const { lab, deletions, ids } = await open();
  lab.replies.set("DELETE /api/models/b", { status: 500, body: { error: "The disk is read-only." } });
  deletions.delete([A, B]);
  await lab.passWait();
  assert.equal(ids(), "cb");
  assert.equal(
    deletions.failure.value,
    "SimpleNN (128), Adam, learning rate 0.001, batch size 64, 5 epochs, no dropout could not be deleted and is in the list again. The disk is read-only.",
  );
  lab.replies.delete("DELETE /api/models/b");
  deletions.delete([B]);
  assert.equal(deletions.failure.value, undefined);
  await lab.passWait();
  assert.match(deletions.failure.value!, /The lab could not be reached\.$/);
  assert.equal(ids(), "cb");
  deletions.dismiss();
  assert.equal(deletions.failure.value, undefined);
});

Deno.test("a model that was removed elsewhere meanwhile is gone, and nothing is said", async () => {
  const { lab, deletions, ids } = await open();
  lab.replies.set("DELETE /api/models/a", { status: 404, body: { error: "There is no model." } });
  deletions.delete([A]);
  await lab.passWait();
  assert.equal(ids(), "cb");
  assert.equal(deletions.failure.value, undefined);
});

/** Model a is removed while a list is on its way, which then comes with `records`. */
async function removedBeforeListComes(records: readonly ModelRecord[]) {
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

Deno.test("a list that was asked for before the deletion and comes after it brings no row back", async () => {
  const { ids } = await removedBeforeListComes(RECORDS);
  assert.equal(ids(), "cb");
});

Deno.test("such a list still tells of a model that was stored meanwhile, and a later one of what has come back", async () => {
  const { lab, stored, ids } = await removedBeforeListComes([modelRecord({ id: "d" }), ...RECORDS]);
  assert.equal(ids(), "dcb");
  lab.replies.set("/api/models", { status: 200, body: RECORDS });
  await stored.refresh();
  assert.equal(ids(), "cba", "somebody has restored it");
});

Deno.test("no more models wait than a page that is left can still ask for; earlier ones make room", async () => {
  const { lab, deletions } = await open();
  const many = Array.from({ length: MOST_WAITING - 1 }, (_, i) => modelRecord({ id: `many_${i}` }));
  deletions.delete([A]);
  deletions.delete(many);
  assert.deepEqual(lab.removed, []);
  deletions.delete([B]);
  assert.deepEqual(lab.removed, ["/api/models/a"]);
  assert.deepEqual(deletions.waiting.value.map(({ models }) => models.length), [MOST_WAITING - 1, 1]);
  deletions.delete([...many, A, B]);
  assert.equal(deletions.waiting.value.length, 2, "more than that at once is not taken on");
});
