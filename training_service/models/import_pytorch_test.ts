/** Imports models, in many forms as PyTorch saves them, into the real service. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findPyTorch } from "../../core/testing/pytorch.ts";
import type { ModelRecord } from "../../protocol/mod.ts";
import { formOf } from "../testing/open_lab.ts";
import { foldersOf, type Service, withDigits, withService } from "../testing/process.ts";

const PROJECT_DIR = join(import.meta.dirname!, "..", "..");
const SCRIPT = join(PROJECT_DIR, "scripts", "fixtures", "make_foreign_models.py");
const PYTHON_LAB = join(PROJECT_DIR, "lab", "models", "fixtures", "python_lab");

/** Two digits of 10,000: rounding may swap their two best logits. */
const ACCURACY_TOLERANCE = 0.021;

const HOSTILE: Record<string, RegExp> = {
  "hostile_reduce.pth": /asks for "posix\.system"/,
  "hostile_protocol_4.pth": /asks for "posix\.system"/,
  "hostile_eval.pth": /asks for "(builtins|__builtin__)\.eval"/,
  "hostile_module.pth": /no state dict of float tensors; found "(make_python_lab|__main__)\.SimpleNN"/,
};

const python = await findPyTorch();

interface ForeignLab extends Service {
  /** The folder with PyTorch's files. */
  folder: string;
  /** A file that a hostile pickle creates if it is executed; the script that writes them has tried one. */
  marker: string;
  /** The accuracy of each of the other models in PyTorch, in per cent, by name. */
  scores: Record<string, number>;
  modelsDir: string;
}

/** Runs `body` with PyTorch's files and a running service. */
function withForeignModels(body: (lab: ForeignLab) => Promise<void>): Promise<void> {
  return withDigits(async (dir) => {
    const { modelsDir, dataDir } = foldersOf(dir);
    const [folder, marker] = [join(dir, "foreign"), join(dir, "executed")];
    await Deno.mkdir(folder);
    const { success, stdout, stderr } = await new Deno.Command(python!, {
      args: [SCRIPT, PYTHON_LAB, join(dataDir, "MNIST", "raw"), folder, marker],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const scores = JSON.parse(new TextDecoder().decode(stdout));
    await withService(dir, (service) => body({ ...service, folder, marker, scores, modelsDir }));
  });
}

Deno.test({
  name: "models saved by PyTorch are imported, and files that only look like one are not",
  ignore: python === undefined,
  fn: (t) =>
    withForeignModels(async (lab) => {
      await t.step(
        "a pickle that calls something is refused by the name of what it calls, and nothing is executed or stored",
        () => refuseHostile(lab),
      );
      await t.step("however PyTorch saved a model, it is imported and scores what it scores in PyTorch", () =>
        bringIn(lab));
    }),
});

async function bringIn({ host, folder, scores }: ForeignLab) {
  assert.equal(Object.keys(scores).length, 12);
  for (const [i, [name, accuracy]] of Object.entries(scores).entries()) {
    const form = formOf(await Deno.readFile(join(folder, name)), name, { learning_rate: String((i + 1) / 1000) });
    const response = await fetch(`http://${host}/api/models`, { method: "POST", body: form });
    const record: ModelRecord & { error?: string } = await response.json();
    assert.equal(response.status, 201, `${name}: ${record.error}`);
    assert.equal(record.model_type, name.split("_")[0]);
    console.log(`${name}: ${record.accuracy} %, PyTorch ${accuracy} %`);
    assert.ok(Math.abs(record.accuracy - accuracy) <= ACCURACY_TOLERANCE, `${name}: ${record.accuracy} %`);
    assert.ok(accuracy > 50, `${name} has learned too little to judge by: ${accuracy} %`);
  }
  const list = await (await fetch(`http://${host}/api/models`)).json();
  assert.equal(list.length, 12);
}

async function refuseHostile({ host, folder, marker, modelsDir }: ForeignLab) {
  for (const [name, message] of Object.entries(HOSTILE)) {
    const body = await Deno.readFile(join(folder, name));
    const response = await fetch(`http://${host}/api/models`, { method: "POST", body });
    assert.equal(response.status, 400);
    assert.match((await response.json()).error, message);
  }
  await assert.rejects(Deno.stat(marker), Deno.errors.NotFound);
  assert.deepEqual([...Deno.readDirSync(modelsDir)].map(({ name }) => name).sort(), [".lock", "runs"]);
}
