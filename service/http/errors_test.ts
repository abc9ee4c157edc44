import assert from "node:assert/strict";
import { pathRedactor } from "./errors.ts";

Deno.test("paths of the folders become names of settings, whole names only", () => {
  const redactPaths = pathRedactor({
    modelsDir: "/home/zoe/lab (old)/models",
    dataDir: "/home/zoe/lab (old)/models/data",
  });
  for (
    const [text, told] of [
      [
        "cannot store a model in /home/zoe/lab (old)/models: the disk is full",
        "cannot store a model in MODELS_DIR: the disk is full",
      ],
      ["/home/zoe/lab (old)/models/m1.pth, /home/zoe/lab (old)/models", "MODELS_DIR/m1.pth, MODELS_DIR"],
      ["/home/zoe/lab (old)/models/data/MNIST/raw", "DATA_DIR/MNIST/raw"],
      [
        "/home/zoe/lab (old)/models2 and /home/zoe/lab (old)/models-old",
        "/home/zoe/lab (old)/models2 and /home/zoe/lab (old)/models-old",
      ],
      ["nothing to hide", "nothing to hide"],
    ]
  ) assert.equal(redactPaths(text), told);
});

Deno.test("a folder set by a path with dots is also found under its plain path", () => {
  const redactPaths = pathRedactor({ modelsDir: "/srv/lab/../models", dataDir: "/srv/data/" });
  assert.equal(redactPaths("/srv/models/m1.pth and /srv/lab/../models"), "MODELS_DIR/m1.pth and MODELS_DIR");
  assert.equal(redactPaths("/srv/data/MNIST"), "DATA_DIR/MNIST");
});
