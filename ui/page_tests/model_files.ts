import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { eventually } from "../testing/eventually.ts";
import { button, modelsRegion, openMenu, QUICK, rowOf, trainToEnd } from "../testing/training_page.ts";
import { setUpPageTests } from "../testing/page_test.ts";

const pageTest = setUpPageTests();

pageTest(
  "a model can be downloaded in three formats, and imported by the file field and by drag and drop",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    await trainToEnd(page, QUICK);
    const list = modelsRegion(page);
    const name = "SimpleNN (16), Adam, learning rate 0.001, batch size 512, 1 epoch, no dropout";
    await rowOf(page, name).waitFor();

    const sizes: number[] = [];
    let pth = "";
    for (const form of ["PyTorch", "safetensors", "ONNX"]) {
      await openMenu(page, name);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        list.getByRole("link", { name: `Download as ${form}: ${name}` }).click(),
      ]);
      assert.match(download.suggestedFilename(), /^model_simplenn_adam_\d+\.(pth|safetensors|onnx)$/);
      const path = await download.path();
      if (form === "PyTorch") pth = path;
      sizes.push((await Deno.stat(path)).size);
    }
    // Each holds 12,730 float32 numbers.
    for (const size of sizes) assert.ok(size > 50_920 && size < 60_000, `${sizes}`);

    // A .pth says nothing about its training, so its past is unknown and it is not a duplicate of any model.
    const status = page.getByRole("status", { name: "Import" });
    const upload = {
      name: "mine.pth",
      mimeType: "application/octet-stream",
      buffer: Buffer.from(await Deno.readFile(pth)),
    };
    for (const count of [2, 3]) {
      await page.getByLabel("Import a model").setInputFiles(upload);
      await list.getByRole("status", { name: "Models shown" }).getByText(`${count} models`).waitFor();
      assert.match(
        await status.innerText(),
        /^Imported: SimpleNN \(16\), optimizer unknown, .* of the test digits\. The file does not say its activation: assumed relu\. .* The drawing page finds it by Adam, /,
      );
      assert.equal((await lab.models()).length, count);
    }
    await list.getByText("imported", { exact: true }).first().waitFor();

    // With the trained model's past, the file is a duplicate, and replaces the model only on request.
    await page.getByText("How was it trained?").click();
    await page.getByLabel("Its optimizer").selectOption("Adam");
    for (const [label, text] of [["learning rate", "0.001"], ["batch size", "512"], ["epochs", "1"]]) {
      await page.getByLabel(`Its ${label}`).fill(text);
    }
    const transfer = await page.evaluateHandle((bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], "again.pth"));
      return data;
    }, [...upload.buffer]);
    await page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
    await eventually(async () =>
      assert.match(await status.innerText(), /already have a model with these settings: SimpleNN \(16\)/)
    );
    const before = (await lab.models()).map(({ id }) => id).sort();
    await button(page, "Replace it with again.pth").click();
    await eventually(async () => assert.match(await status.innerText(), /^Imported: SimpleNN \(16\), Adam, /));
    const after = (await lab.models()).map(({ id }) => id).sort();
    assert.equal(after.length, 3);
    assert.notDeepEqual(after, before);
    assert.equal(await page.getByLabel("Its epochs").inputValue(), "", "the next file has a past of its own");
  },
);

pageTest(
  "a page reports what it does not understand in its address and fills in the rest",
  async (lab, page) => {
    await page.goto(`${lab.inferenceUrl}?activation=swish&momentum=much&optimizer=SGD`);
    await page.getByText('address: unknown activation "swish". momentum must be a number from 0 up to').waitFor();
    for (const url of [lab.trainingUrl, lab.inferenceUrl]) {
      await page.goto(`${url}?sed=1&optimizer=Adm&epochs=7&batch_size=null`);
      await page.getByText("Not understood in this page's address:").waitFor();
      const words = await page.getByText("Not understood in this page's address:").innerText();
      assert.match(words, /unknown optimizer "Adm"; did you mean "Adam"\? unknown field "sed"; did you mean "seed"\?$/);
      assert.equal(await page.getByLabel("Epochs", { exact: true }).inputValue(), "7");
      assert.equal(await page.getByLabel("Batch size", { exact: true }).inputValue(), "64");
      await page.getByText("Rounds through all 60,000 training digits.").waitFor();
    }
  },
);

pageTest("a file that is not a model is refused with the reason, and nothing is stored", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  const before = await lab.models();
  await page.getByLabel("Import a model").setInputFiles({
    name: "notes.pth",
    mimeType: "text/plain",
    buffer: Buffer.from("no weights here"),
  });
  const status = page.getByRole("status", { name: "Import" });
  await eventually(async () => assert.match(await status.innerText(), /notes\.pth|not a|zip|neither/));
  await eventually(async () => assert.doesNotMatch(await status.innerText(), /Imported|Reading/));
  assert.deepEqual(await lab.models(), before);
});

pageTest(
  "a file of another format is refused by name, and the error says what can be imported instead",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    const before = await lab.models();
    const status = page.getByRole("status", { name: "Import" });
    for (const [name, words] of [["mine.onnx", /an ONNX file/], ["Mine.H5", /a Keras file/]] as const) {
      await page.getByLabel("Import a model").setInputFiles({ name, mimeType: "", buffer: Buffer.from("network") });
      await eventually(async () => assert.match(await status.innerText(), words));
      assert.match(await status.innerText(), /cannot be imported.*Import the same model as \.pth or \.safetensors/);
    }
    assert.deepEqual(await lab.models(), before);
  },
);
