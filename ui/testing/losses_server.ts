/** Serves the pages of a lab, and a training that sends losses at any rate. */
import type { LossMessage } from "../../protocol/mod.ts";

/** A server that streams losses. */
export interface LossesServer {
  url: string;
  /** Messages sent so far. */
  sent(): number;
  close(): Promise<void>;
}

/** What to send over each socket. */
export interface LossStream {
  /** Number of losses, each in its own message. */
  count: number;
  perSecond: number;
}

const TICK_MS = 5;

/**
 * Passes requests on to the service at `origin`, except for sockets. Over each socket it sends `count` losses, then the
 * end of a run that stored no model, so that there is nothing to analyse.
 */
export function serveLosses(origin: string, { count, perSecond }: LossStream): LossesServer {
  let sent = 0;
  const stream = (socket: WebSocket) => {
    const say = (message: object) => socket.send(JSON.stringify(message));
    socket.onmessage = () => {
      say({ type: "accepted", run_id: "streamed", total_steps: count });
      const began = performance.now();
      const timer = setInterval(() => {
        if (socket.readyState !== WebSocket.OPEN) return clearInterval(timer);
        const due = Math.min(count, Math.floor((performance.now() - began) / 1000 * perSecond));
        while (sent < due) say(lossOf(++sent, count));
        if (sent < count) return;
        clearInterval(timer);
        say({ type: "aborted", message: "All losses are sent." });
        socket.close(1000);
      }, TICK_MS);
    };
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") {
      const { pathname, search } = new URL(request.url);
      return fetch(`${origin}${pathname}${search}`);
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    stream(socket);
    return response;
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, sent: () => sent, close: () => server.shutdown() };
}

/** A loss that falls noisily, as in a real training. */
function lossOf(step: number, count: number): LossMessage {
  const noise = Math.abs(Math.sin(step * 12.9898) * 43758.5453) % 1;
  return {
    type: "loss",
    step,
    loss: Number((0.05 + 2.25 * Math.exp(-6 * step / count) + 0.2 * noise).toFixed(6)),
    epoch: 1 + Math.floor((step - 1) / count * 5),
    total_steps: count,
    images_per_second: 200_000 + step % 1000,
    mean_images_per_second: 200_000,
    seconds_left: (count - step) / 1000,
  };
}
