import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { browserConnection } from "./browser_connection.ts";

/** The part of a browser's socket that the connection uses. */
class FakeWebSocket {
  static last: FakeWebSocket;
  onopen = () => {};
  onmessage = (_event: { data: string }) => {};
  onclose = (_event: { code: number }) => {};
  isClosed = false;

  constructor(readonly url: URL) {
    FakeWebSocket.last = this;
  }

  close() {
    this.isClosed = true;
  }
}

function open(hear: (text: string) => void = () => {}) {
  const heard: string[] = [];
  const globals = { location: { href: "https://lab.example/page?x=1" }, WebSocket: FakeWebSocket };
  const before = Object.getOwnPropertyDescriptors(globalThis);
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const socket = browserConnection.openSocket("/ws/train", {
    opened: () => heard.push("opened"),
    message(text) {
      heard.push(text);
      hear(text);
    },
    closed: (code) => heard.push(`closed ${code}`),
  });
  for (const name of Object.keys(globals)) {
    if (before[name]) Object.defineProperty(globalThis, name, before[name]);
    else Reflect.deleteProperty(globalThis, name);
  }
  return { socket, heard, browser: FakeWebSocket.last };
}

/** Longer than the time for which messages are held back. */
const DELIVERED_MS = 60;

Deno.test("messages are delivered in order and in batches, and the last ones arrive before the socket closes", async () => {
  const { heard, browser } = open();
  assert.equal(browser.url.href, "wss://lab.example/ws/train");
  browser.onopen();
  browser.onmessage({ data: "a" });
  browser.onmessage({ data: "b" });
  assert.deepEqual(heard, ["opened"]);
  await delay(DELIVERED_MS);
  assert.deepEqual(heard, ["opened", "a", "b"]);
  browser.onmessage({ data: "c" });
  browser.onclose({ code: 1000 });
  assert.deepEqual(heard, ["opened", "a", "b", "c", "closed 1000"]);
  await delay(DELIVERED_MS);
  assert.equal(heard.length, 5);
});

Deno.test("an error in one message does not stop the messages after it", () => {
  const errors: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    errors.push(event.error.message);
  };
  addEventListener("error", listener);
  try {
    const { heard, browser } = open((text) => {
      if (text === "b") throw new Error("broken");
    });
    for (const data of ["a", "b", "c"]) browser.onmessage({ data });
    browser.onclose({ code: 1006 });
    assert.deepEqual(heard, ["a", "b", "c", "closed 1006"]);
    assert.deepEqual(errors, ["broken"]);
  } finally {
    removeEventListener("error", listener);
  }
});

Deno.test("a socket that the page has closed delivers nothing more", async () => {
  const { socket, heard, browser } = open();
  browser.onmessage({ data: "late" });
  socket.close();
  assert(browser.isClosed);
  await delay(DELIVERED_MS);
  assert.deepEqual(heard, []);
});
