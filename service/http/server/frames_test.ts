import assert from "node:assert/strict";
import { MAX_MESSAGE_BYTES, MESSAGE_DEADLINE_MS, SOCKET_FRAMES } from "../../../protocol/mod.ts";
import { concatBytes } from "../../../core/bytes.ts";
import { clientFrame } from "../../testing/raw_socket.ts";
import { FrameReader, type Incoming, textFrame } from "./frames.ts";

/** Everything that a reader makes of bytes, which come in pieces of `size`. */
function read(bytes: Uint8Array, size = bytes.length, reader = new FrameReader()): Incoming[] {
  const all: Incoming[] = [];
  let unread = new Uint8Array(0);
  for (let at = 0; at < bytes.length; at += size) {
    unread = concatBytes([unread, bytes.subarray(at, at + size)]);
    for (let used = 1; used > 0 && unread.length > 0;) {
      const taken = reader.take(unread);
      used = taken.used;
      unread = unread.slice(used);
      if (taken.incoming !== undefined) all.push(taken.incoming);
    }
  }
  return all;
}

const texts = (incoming: Incoming[]) =>
  incoming.map((one) => one.kind === "close" ? one : `${one.kind} ${new TextDecoder().decode(one.bytes)}`);

Deno.test("messages, fragments and control frames between them are read, however they are cut", () => {
  const bytes = concatBytes([
    clientFrame(1, "a", false),
    clientFrame(9, "ping"),
    clientFrame(0, "b".repeat(300), false),
    clientFrame(0, ""),
    clientFrame(2, "c"),
    clientFrame(8, ""),
  ]);
  for (const size of [1, 2, 3, 7, 1000]) {
    const expected = ["ping ping", `text a${"b".repeat(300)}`, "binary c", { kind: "close", code: 1005, reason: "" }];
    assert.deepEqual(texts(read(bytes, size)), expected, `pieces of ${size}`);
  }
});

Deno.test("of a message over the limit no more is held than shows that it is too long", () => {
  let held = 0, most = 0;
  const reader = new FrameReader((change) => most = Math.max(most, held += change));
  const part = clientFrame(0, "x".repeat(60_000), false);
  const bytes = concatBytes([clientFrame(1, "", false), part, part, part, clientFrame(0, "")]);
  const [message] = read(bytes, 5000, reader) as { bytes: Uint8Array }[];
  assert.equal(message.bytes.length, MAX_MESSAGE_BYTES + 1);
  assert.ok(most <= MAX_MESSAGE_BYTES + 1);
  assert.equal(held, 0);
});

const refused = (code: number, message: RegExp) => (error: Error & { code?: number }) =>
  error.code === code && message.test(error.message);

Deno.test("a client that breaks the protocol is refused", () => {
  const unmasked = Uint8Array.of(0x81, 1, 65);
  const cases: [Uint8Array, RegExp][] = [
    [concatBytes([unmasked, unmasked, unmasked]), /must mask/],
    [clientFrame(3, "a"), /out of place/],
    [clientFrame(0, "a"), /out of place/],
    [concatBytes([clientFrame(1, "a", false), clientFrame(1, "b")]), /out of place/],
    [clientFrame(9, "a", false), /control frame/],
    [clientFrame(9, "a".repeat(126)), /control frame/],
    [clientFrame(8, "a"), /close frame/],
    [clientFrame(0x41, "a"), /reserved bit/],
  ];
  for (const [bytes, message] of cases) assert.throws(() => read(bytes), refused(1002, message), `${message}`);
});

Deno.test("fragments, frames, bytes and the time for a message are bounded", () => {
  let now = 0;
  const reader = () => new FrameReader(() => {}, () => now);
  const empty = concatBytes([clientFrame(1, "a", false), ...new Array(64).fill(clientFrame(0, "", false))]);
  assert.throws(() => read(empty, 1000, reader()), refused(1008, /too many fragments/));
  const pings = concatBytes(new Array(SOCKET_FRAMES.burst + 1).fill(clientFrame(9, "")));
  assert.throws(() => read(pings, 1000, reader()), refused(1008, /too many frames/));
  const slow = reader();
  for (let second = 0; second < 100; second++, now += 1000) {
    read(concatBytes(new Array(100).fill(clientFrame(9, ""))), 1000, slow);
  }
  const large = concatBytes(new Array(300).fill(clientFrame(2, "x".repeat(60_000))));
  assert.throws(() => read(large, 50_000, reader()), refused(1008, /too many bytes/));
  const begun = reader();
  read(clientFrame(1, "a", false), 10, begun);
  begun.requireProgress();
  now += MESSAGE_DEADLINE_MS + 1;
  assert.throws(() => begun.requireProgress(), refused(1008, /took too long/));
});

Deno.test("texts of every length are framed", () => {
  for (const length of [0, 125, 126, 65535, 65536]) {
    const frame = textFrame("x".repeat(length));
    assert.equal(frame.length, (length < 126 ? 2 : length < 65536 ? 4 : 10) + length);
    assert.equal(frame[0], 0x81);
  }
  assert.deepEqual([...textFrame("ü")], [0x81, 2, 0xc3, 0xbc]);
});
