/** A serving thread that crashes when asked for `/crash`, for `serve_test.ts`. */
import type { FromServingThread, ToServingThread } from "./serving_thread.ts";

const post = (message: FromServingThread) => self.postMessage(message);

let server: Deno.HttpServer | undefined;

self.onmessage = async ({ data }: MessageEvent<ToServingThread>) => {
  if (data.type === "serve") {
    server = Deno.serve({ ...data.address, reusePort: true, onListen: () => post({ type: "listening" }) }, answer);
  } else {
    await server?.shutdown();
    post({ type: "ended" });
  }
};

function answer(request: Request): Response {
  if (new URL(request.url).pathname === "/crash") {
    setTimeout(() => {
      throw new Error("asked to crash");
    });
  }
  return new Response("ok");
}
