import assert from "node:assert/strict";
import { isAbsolute, join, resolve } from "node:path";
import { readSettings, type Settings, StartupError } from "./settings.ts";

const PROJECT_DIR = resolve(import.meta.dirname!, "../..");

function read(environment: Record<string, string>): Settings {
  return readSettings((name) => environment[name]);
}

function refused(environment: Record<string, string>): string {
  try {
    read(environment);
  } catch (error) {
    assert(error instanceof StartupError);
    assert(!error.message.includes("\n"), "the reason fits in one line");
    return error.message;
  }
  assert.fail("these settings should be refused");
}

Deno.test("without variables, the documented defaults apply", () => {
  const settings = read({});
  assert.equal(settings.host, "127.0.0.1");
  assert.equal(settings.trainingPort, 8000);
  assert.equal(settings.inferencePort, 8001);
  assert.equal(settings.modelsDir, join(PROJECT_DIR, "models"));
  assert.equal(settings.dataDir, join(PROJECT_DIR, "data"));
  assert.equal(settings.device, "auto");
  assert.equal(settings.threads, navigator.hardwareConcurrency);
  assert.deepEqual(settings.allowedHosts, []);
});

Deno.test("an empty variable counts as unset", () => {
  assert.deepEqual(read({ HOST: "", TRAINING_PORT: " ", MODELS_DIR: "", LAB_TOKEN: "" }), read({}));
});

Deno.test("a relative folder is relative to the project, an absolute one is kept", () => {
  const absolute = resolve("/somewhere/models");
  assert(isAbsolute(absolute));
  assert.equal(read({ MODELS_DIR: absolute }).modelsDir, absolute);
  assert.equal(read({ DATA_DIR: "elsewhere/digits" }).dataDir, join(PROJECT_DIR, "elsewhere", "digits"));
});

Deno.test("allowed hosts are separated by commas and compared in lower case", () => {
  assert.deepEqual(read({ ALLOWED_HOSTS: "Lab.example, box ,," }).allowedHosts, ["lab.example", "box"]);
});

Deno.test("an invalid value is refused, and the error names its variable", () => {
  assert.match(refused({ TRAINING_PORT: "80a" }), /TRAINING_PORT.*1 to 65535.*80a/);
  assert.match(refused({ INFERENCE_PORT: "70000" }), /INFERENCE_PORT/);
  assert.match(refused({ TRAINING_PORT: "9000", INFERENCE_PORT: "9000" }), /both 9000/);
  assert.match(refused({ DEVICE: "cuda" }), /DEVICE must be one of auto, webgpu, wasm, reference/);
  assert.match(refused({ THREADS: "0" }), /THREADS/);
});

Deno.test("the lab does not open to other machines without a token", () => {
  for (const host of ["0.0.0.0", "::", "192.168.0.7", "lab.example"]) {
    assert.match(refused({ HOST: host }), /LAB_TOKEN.*HOST unset/);
    assert.equal(read({ HOST: host, LAB_TOKEN: "secret" }).token, "secret");
  }
  for (const host of ["localhost", "127.0.0.1", "127.0.0.2", "::1"]) {
    assert.equal(read({ HOST: host }).host, host);
    assert.equal(read({ HOST: host }).token, undefined);
  }
});

Deno.test("a token that a header cannot carry is refused, and the error does not repeat it", () => {
  for (const token of ["two words", "größe", "a\tb"]) {
    const reason = refused({ LAB_TOKEN: token });
    assert.match(reason, /^LAB_TOKEN must/);
    assert(!reason.includes(token));
  }
});

Deno.test("public addresses are origins, and trusted proxies are IP addresses", () => {
  const { trainingUrl, inferenceUrl, trustedProxies } = read({
    TRAINING_URL: "https://Lab.example/",
    INFERENCE_URL: "https://lab.example:8443",
    TRUSTED_PROXIES: "127.0.0.1, ::FFFF:10.0.0.2,2001:DB8:0::1",
  });
  assert.deepEqual([trainingUrl, inferenceUrl], ["https://lab.example", "https://lab.example:8443"]);
  assert.deepEqual(trustedProxies, ["127.0.0.1", "10.0.0.2", "2001:db8::1"]);
  for (
    const address of [
      "lab.example",
      "https://lab.example/train/",
      "https://lab.example/?x",
      "ftp://lab.example",
      "https://a:b@lab.example",
    ]
  ) {
    assert.match(refused({ TRAINING_URL: address }), /TRAINING_URL must be .* such as https:\/\/lab\.example/);
  }
  assert.match(refused({ TRAINING_URL: "https://lab.example", INFERENCE_URL: "https://lab.example:443" }), /are both/);
  for (const address of ["proxy", "10.0.0.0/8", "fe80::1%eth0"]) {
    assert.match(refused({ TRUSTED_PROXIES: address }), /TRUSTED_PROXIES must be IP addresses/);
  }
});

Deno.test("a token that is soon guessed is refused", () => {
  for (const token of ["a", "12345"]) assert.match(refused({ LAB_TOKEN: token }), /^LAB_TOKEN must have at least 6/);
});
