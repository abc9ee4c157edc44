import assert from "node:assert/strict";
import { clientAt, localUrl, urlHost } from "./addresses.ts";
import { permissionFlags, serviceArguments } from "./launch.ts";
import { PROJECT_DIR, readSettings, StartupError } from "./settings.ts";

const settings = (variables: Record<string, string>) =>
  readSettings((name) => ({ MODELS_DIR: "/m", DATA_DIR: "/d", ...variables })[name]);

Deno.test("the training service may use its port, read its folders and write models, but nothing else", () => {
  assert.deepEqual(permissionFlags("training", settings({ TRAINING_PORT: "9000" })), [
    "--no-prompt",
    "--allow-net=127.0.0.1:9000",
    `--allow-read=${PROJECT_DIR},/m,/d`,
    "--allow-write=/m",
    "--allow-env=HOST,LAB_TOKEN,TRAINING_PORT,INFERENCE_PORT,MODELS_DIR,DATA_DIR,DEVICE,THREADS,WASM_CHECKS,WASM_VECTORS,MAX_RUN_MINUTES,ALLOWED_HOSTS,TRAINING_URL,INFERENCE_URL,TRUSTED_PROXIES,LOG_LEVEL,LOG_FORMAT",
  ]);
});

Deno.test("the inference service may read what the training service reads, but write nothing", () => {
  const flags = permissionFlags("inference", settings({ INFERENCE_PORT: "9001" }));
  assert(flags.includes("--allow-net=127.0.0.1:9001"));
  assert(flags.includes(`--allow-read=${PROJECT_DIR},/m,/d`));
  assert(!flags.some((flag) => flag.startsWith("--allow-write")));
});

Deno.test("only the process that trains runs without V8's checks, says so, and can be told to keep them", () => {
  const checked = (service: "training" | "inference", variables: Record<string, string> = {}) => {
    const all = serviceArguments(service, settings(variables));
    return [all.find((flag) => flag.startsWith("--v8-flags=")), all.at(-1)];
  };
  const script = (service: string) => `${PROJECT_DIR}/${service}_service/main.ts`;
  const young = "--max-semi-space-size=4", vectors = "--experimental-wasm-revectorize";
  assert.deepEqual(checked("training"), [
    `--v8-flags=${young},--no-wasm-bounds-checks,${vectors}`,
    "--wasm-checks=off",
  ]);
  assert.deepEqual(checked("training", { WASM_CHECKS: "on" }), [`--v8-flags=${young},${vectors}`, script("training")]);
  const plain = { WASM_CHECKS: "on", WASM_VECTORS: "128" };
  assert.deepEqual(checked("training", plain), [`--v8-flags=${young}`, script("training")]);
  assert.deepEqual(checked("inference"), [`--v8-flags=${young}`, script("inference")]);
  assert.throws(() => settings({ WASM_CHECKS: "maybe" }), /WASM_CHECKS must be one of on, off, got "maybe"/);
});

Deno.test("an IPv6 address is written in brackets", () => {
  const ipv6 = settings({ HOST: "::1" });
  assert(permissionFlags("training", ipv6).includes("--allow-net=[::1]:8000"));
  assert.equal(localUrl(ipv6, 8000), "http://[::1]:8000");
});

Deno.test("a service on all addresses is reached by loopback", () => {
  assert.equal(localUrl({ ...settings({}), host: "0.0.0.0" }, 8000), "http://127.0.0.1:8000");
});

Deno.test("a folder with a comma in its path is refused, because it would grant two other folders", () => {
  assert.throws(() => permissionFlags("training", settings({ MODELS_DIR: "/a,/b" })), StartupError);
});

Deno.test("a host is formatted as in URL objects", () => {
  for (const host of ["127.0.0.1", "Lab.Example", "::1", "FE80::1"]) {
    assert.equal(urlHost(host), new URL(`http://${urlHost(host)}:8000/`).hostname);
  }
});

Deno.test("a machine with many IPv6 addresses is one client", () => {
  assert.equal(clientAt("127.0.0.1"), "127.0.0.1");
  assert.notEqual(clientAt("127.0.0.1"), clientAt("127.0.0.2"));
  assert.equal(clientAt("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(clientAt("2001:db8:0:1::5"), clientAt("2001:0db8:0:1:aaaa:bbbb:cccc:dddd"));
  assert.equal(clientAt("2001:db8::1"), "2001:db8:0:0::/64");
  assert.notEqual(clientAt("2001:db8:0:1::5"), clientAt("2001:db8:0:2::5"));
  assert.equal(clientAt("::1"), "0:0:0:0::/64");
  assert.equal(clientAt("fe80::1%eth0"), clientAt("fe80::2"));
});
