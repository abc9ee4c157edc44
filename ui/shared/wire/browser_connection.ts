import { batch } from "@preact/signals";
import type { LabConnection } from "./connection.ts";

/** Messages that come within a frame are handed on together: whoever reads them has them once to draw, not each. */
const TOGETHER_MS = 15;

/** What goes wrong with one message is told as an error of the page, and keeps no other message and no end from coming. */
function tell(hear: () => void): void {
  try {
    hear();
  } catch (error) {
    reportError(error);
  }
}

/** The service that served this page. */
export const browserConnection: LabConnection = {
  openSocket(path, events) {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.onopen = () => events.opened();
    const inbox: string[] = [];
    const handOn = () => batch(() => inbox.splice(0).forEach((text) => tell(() => events.message(text))));
    socket.onmessage = (event) => {
      if (inbox.push(String(event.data)) === 1) setTimeout(handOn, TOGETHER_MS);
    };
    socket.onclose = (event) => {
      tell(handOn);
      events.closed(event.code);
    };
    return {
      send: (text) => socket.send(text),
      close() {
        inbox.length = 0;
        socket.close();
      },
    };
  },

  async request(path, { post, signal } = {}) {
    const response = await fetch(path, {
      signal,
      ...post !== undefined && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(post),
      },
    });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  },

  async upload(path, form) {
    const response = await fetch(path, { method: "POST", body: form });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  },

  async remove(path) {
    const response = await fetch(path, { method: "DELETE", keepalive: true });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  },

  async download(path) {
    const response = await fetch(path);
    if (!response.ok) throw new Error(`${path} was answered with status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },

  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
