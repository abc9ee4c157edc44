/** A serving thread that breaks down when asked for `/crash`, for `serving_threads_test.ts`. */
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
      throw new Error("asked to break down");
    });
  }
  return new Response("ok");
}
