import assert from "node:assert/strict";
import { readSettings } from "../service/process/settings.ts";
import { banner, networkAddresses } from "./serve.ts";

const BOTH = ["training", "inference"] as const;
const settings = (values: Record<string, string>) => readSettings((name) => values[name]);
const OPEN = settings({ HOST: "0.0.0.0", LAB_TOKEN: "a+word" });

Deno.test("the banner of a local lab has the addresses of its pages, but none for other machines", () => {
  const text = banner(BOTH, settings({ INFERENCE_PORT: "8011" }), () => ["192.0.2.7"]);
  assert.match(text, /Train a model {3}http:\/\/127\.0\.0\.1:8000\/\n/);
  assert.match(text, /Draw a digit {4}http:\/\/127\.0\.0\.1:8011\/\n/);
  assert.doesNotMatch(text, /192\.0\.2\.7|other machines/);
});

Deno.test("the banner of an open lab has each address of this machine, with the token", () => {
  const text = banner(BOTH, OPEN, () => ["192.0.2.7", "198.51.100.3"]);
  assert.match(text, /http:\/\/127\.0\.0\.1:8000\/\?token=a%2Bword\n/);
  for (const address of ["192.0.2.7", "198.51.100.3"]) {
    assert.ok(text.includes(`    http://${address}:8000/?token=a%2Bword\n`), text);
  }
  assert.ok(banner(["inference"], OPEN, () => ["192.0.2.7"]).includes("http://192.0.2.7:8001/?token=a%2Bword\n"));
});

Deno.test("without a known address the banner says what to fill in", () => {
  const refused = () =>
    networkAddresses(() => {
      throw new Deno.errors.NotCapable("sys");
    });
  assert.match(banner(BOTH, OPEN, refused), /http:\/\/ADDRESS:8000\/\?token=a%2Bword\n {4}ADDRESS is this machine's/);
});

Deno.test("loopback, link-local and IPv6 addresses are left out", () => {
  const found = networkAddresses(() => [
    { family: "IPv4", address: "127.0.0.1" },
    { family: "IPv4", address: "169.254.3.4" },
    { family: "IPv6", address: "2001:db8::1" },
    { family: "IPv4", address: "192.0.2.7" },
  ]);
  assert.deepEqual(found, ["192.0.2.7"]);
});
