import assert from "node:assert/strict";
import { helpText, parseCommand, UsageError } from "./arguments.ts";
import { SETTING_NAMES } from "../service/process/settings.ts";

const parse = (line: string) => parseCommand(line.split(" ").filter(Boolean));

Deno.test("no command and serve start both services; serve with a name starts one", () => {
  assert.deepEqual(parse(""), { name: "serve", services: ["training", "inference"], open: true });
  assert.deepEqual(parse("--no-open"), { name: "serve", services: ["training", "inference"], open: false });
  assert.deepEqual(parse("serve"), { name: "serve", services: ["training", "inference"], open: true });
  assert.deepEqual(parse("serve training"), { name: "serve", services: ["training"], open: true });
  assert.deepEqual(parse("serve inference --no-open"), { name: "serve", services: ["inference"], open: false });
});

Deno.test("train, predict and models take their arguments and options", () => {
  assert.deepEqual(parse("train -c run.json --overwrite"), { name: "train", config: "run.json", overwrite: true });
  assert.deepEqual(parse("predict a.png"), { name: "predict", file: "a.png", model: undefined, json: false });
  assert.deepEqual(parse("predict --json a.png -m x"), { name: "predict", file: "a.png", model: "x", json: true });
  assert.deepEqual(parse("models --json"), { name: "models", json: true });
});

Deno.test("the format of an export comes from the option, else from the file's ending, and otherwise is pth", () => {
  assert.deepEqual(parse("export x"), { name: "export", id: "x", format: "pth", output: undefined });
  assert.deepEqual(parse("export x -o y.onnx"), { name: "export", id: "x", format: "onnx", output: "y.onnx" });
  assert.deepEqual(parse("export x -f safetensors -o -"), {
    name: "export",
    id: "x",
    format: "safetensors",
    output: "-",
  });
});

Deno.test("a wrong command line is refused in one line", () => {
  for (
    const [line, word] of [
      ["fly", /no command "fly"/],
      ["digit.PNG", /did you mean: mnist-lab predict digit\.PNG/],
      ["train now", /train does not know what to do with "now"/],
      ["train", /^train needs --config: JSON text, .* mnist-lab serve training opens/],
      ["train --overwrite", /^train needs --config/],
      ["train --no-open", /train takes no --no-open/],
      ["predict", /^predict needs a PNG file\. mnist-lab serve inference opens/],
      ["predict --json", /^predict needs a PNG file/],
      ["serve both", /^serve starts training or inference, got "both"/],
      ["export x -f onnx -o y.pth", /--format is onnx, but "y\.pth" has the ending of pth/],
      ["models --model x", /models takes no --model/],
      ["--config x", /mnist-lab takes no --config/],
      ["export", /needs the id of a model/],
      ["export x -f zip", /must be one of pth, safetensors, onnx, got "zip"/],
      ["--frobnicate", /--frobnicate/],
      ["train --config", /--config/],
    ] as const
  ) {
    assert.throws(() => parse(line), (error) => {
      assert(error instanceof UsageError, String(error));
      assert.match(error.message, word);
      assert.match(error.message, /^[^\n]+$/);
      return true;
    });
  }
});

Deno.test("every command has a help text", () => {
  for (const command of ["serve", "train", "predict", "models", "export"]) {
    assert.deepEqual(parse(`${command} --help`), { name: "help", topic: command });
    assert.match(helpText(command), new RegExp(`^Usage: mnist-lab ${command}`));
    assert.match(helpText(undefined), new RegExp(`mnist-lab ${command}`));
  }
  assert.throws(() => helpText("fly"), UsageError);
});

Deno.test("the help lists every environment variable", () => {
  for (const name of SETTING_NAMES) assert.match(helpText(undefined), new RegExp(`\\b${name}\\b`));
});
