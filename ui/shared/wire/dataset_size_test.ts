import assert from "node:assert/strict";
import { fetchDatasetSize, testDigits, trainingDigits } from "./dataset_size.ts";
import { FakeLab } from "./fake_lab_testing.ts";

Deno.test("texts have the numbers of the lab's dataset, and none while they are not known", async () => {
  const lab = new FakeLab();
  assert.equal(await fetchDatasetSize(lab), undefined, "the lab cannot be reached");
  for (
    const [reply, training, test] of [
      [{ status: 404, body: { error: "Not found" } }, "the training digits", "the test digits"],
      [{ status: 200, body: [] }, "the training digits", "the test digits"],
      [
        { status: 200, body: [{ name: "MNIST", train: 1200, test: 20 }] },
        "the 1,200 training digits",
        "the 20 test digits",
      ],
    ] as const
  ) {
    lab.replies.set("/api/datasets", reply);
    const size = await fetchDatasetSize(lab);
    assert.deepEqual([trainingDigits(size), testDigits(size)], [training, test]);
  }
});
