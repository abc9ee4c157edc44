import { batch } from "@preact/signals";
import type { LabConnection, LabRequests, Reply } from "./connection.ts";

/**
 * Messages that arrive within this time are delivered in one batch, so that their readers render once and not for each
 * message.
 */
const BATCH_MS = 15;

/** The service that served this page, for a page that opens no sockets. */
export const browserRequests: LabRequests = { request, download };

/** The service that served this page. */
export const browserConnection: LabConnection = {
  request,
  download,

  openSocket(path, events) {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.onopen = () => events.opened();
    const inbox: string[] = [];
    const deliver = () => batch(() => inbox.splice(0).forEach((text) => reportingErrors(() => events.message(text))));
    socket.onmessage = (event) => {
      if (inbox.push(String(event.data)) === 1) setTimeout(deliver, BATCH_MS);
    };
    socket.onclose = (event) => {
      reportingErrors(deliver);
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

  async upload(path, form) {
    return await replyOf(await fetch(path, { method: "POST", body: form }));
  },

  async remove(path) {
    return await replyOf(await fetch(path, { method: "DELETE", keepalive: true }));
  },

  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

async function request(path: string, { post, signal }: { post?: unknown; signal?: AbortSignal } = {}): Promise<Reply> {
  return await replyOf(
    await fetch(path, {
      signal,
      ...post !== undefined && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(post),
      },
    }),
  );
}

async function download(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} was answered with status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function replyOf(response: Response): Promise<Reply> {
  return { status: response.status, body: await response.json().catch(() => undefined) };
}

/** Reports an error in `handle` as an error of the page, so that the messages after it are still delivered. */
function reportingErrors(handle: () => void): void {
  try {
    handle();
  } catch (error) {
    reportError(error);
  }
}
