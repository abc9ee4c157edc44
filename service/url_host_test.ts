import assert from "node:assert/strict";
import { urlHost } from "./url_host.ts";

Deno.test("a host reads as URL objects give it back", () => {
  for (const host of ["127.0.0.1", "Lab.Example", "::1", "FE80::1"]) {
    assert.equal(urlHost(host), new URL(`http://${urlHost(host)}:8000/`).hostname);
  }
});
