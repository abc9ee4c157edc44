import assert from "node:assert/strict";
import { ValidationError } from "../../protocol/mod.ts";
import { parseMultipart } from "./multipart.ts";

const parse = (body: string, contentType = "multipart/form-data; boundary=b") =>
  parseMultipart(new TextEncoder().encode(body), contentType).map(({ bytes, ...part }) => (
    { ...part, text: new TextDecoder().decode(bytes) }
  ));
const part = (disposition: string, text: string) =>
  `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`;

Deno.test("names and file names may hold equals signs, quotes and semicolons, and files any bytes", () => {
  const body = part('name="file"; filename="a=b; c.pth"', "\r\n--B\r\n--") + part("name=note", "") +
    part('name="q"; filename="say %22hi%22 \\"you\\".pth"', "--") + "--b--\r\n";
  assert.deepEqual(parse(body), [
    { name: "file", fileName: "a=b; c.pth", text: "\r\n--B\r\n--" },
    { name: "note", fileName: undefined, text: "" },
    { name: "q", fileName: 'say "hi" "you".pth', text: "--" },
  ]);
});

Deno.test("what FormData writes is read back", async () => {
  const form = new FormData();
  form.append("x", "Grüße\r\n=");
  form.append("file", new File([new Uint8Array([0, 13, 10, 255])], 'w"=ü.pth'));
  const { headers, body } = new Response(form);
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  const parts = parseMultipart(bytes, headers.get("content-type")!);
  assert.deepEqual(parts.map(({ name, fileName }) => [name, fileName]), [["x", undefined], ["file", 'w"=ü.pth']]);
  assert.deepEqual([...parts[1].bytes], [0, 13, 10, 255]);
});

Deno.test("more than 64 parts are refused, also behind a second boundary", () => {
  const many = part("name=a", "").repeat(100) + "--b--";
  assert.throws(() => parse(many), /too many fields: at most 64/);
  for (
    const type of ["boundary=c; boundary=b", "boundary=b; boundary=c", 'x="boundary=c"; boundary=b', "boundary=b;;"]
  ) {
    assert.throws(() => parse(many, `multipart/form-data; ${type}`), ValidationError, type);
  }
});

Deno.test("a form that is cut or malformed anywhere is refused", () => {
  const whole = part('name="file"; filename="a"', "x") + "--b--";
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => parse(whole.slice(0, length)), /malformed or cut short/, `${length}`);
  }
  assert.throws(() => parse("--b\r\n\r\nx\r\n--b--"), /malformed/);
  assert.throws(() => parse(whole, "multipart/form-data"), /malformed/);
});
