import type { LabConnection } from "./connection.ts";

/** The service that served this page. */
export const browserConnection: LabConnection = {
  openSocket(path, events) {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.onopen = () => events.opened();
    socket.onmessage = (event) => events.message(String(event.data));
    socket.onclose = (event) => events.closed(event.code);
    return {
      send: (text) => socket.send(text),
      close: () => socket.close(),
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
