import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { browserConnection } from "./browser_connection.ts";

/** A browser's socket, as far as the connection uses it. */
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

/** Longer than messages are held back. */
const HANDED_ON_MS = 60;

Deno.test("messages come in order, those of a frame together, and all of them before the end", async () => {
  const { heard, browser } = open();
  assert.equal(browser.url.href, "wss://lab.example/ws/train");
  browser.onopen();
  browser.onmessage({ data: "a" });
  browser.onmessage({ data: "b" });
  assert.deepEqual(heard, ["opened"]);
  await delay(HANDED_ON_MS);
  assert.deepEqual(heard, ["opened", "a", "b"]);
  browser.onmessage({ data: "c" });
  browser.onclose({ code: 1000 });
  assert.deepEqual(heard, ["opened", "a", "b", "c", "closed 1000"]);
  await delay(HANDED_ON_MS);
  assert.equal(heard.length, 5);
});

Deno.test("a message that breaks something keeps neither the others nor the end from coming", () => {
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

Deno.test("a socket that the page has closed says nothing more", async () => {
  const { socket, heard, browser } = open();
  browser.onmessage({ data: "late" });
  socket.close();
  assert(browser.isClosed);
  await delay(HANDED_ON_MS);
  assert.deepEqual(heard, []);
});
