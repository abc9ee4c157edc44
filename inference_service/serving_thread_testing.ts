/** A serving thread that crashes when asked for `/crash`, for `serve_test.ts`. */
import { HttpServer } from "../service/http/server/http_server.ts";
import type { FromServingThread, ToServingThread } from "./serving_thread.ts";

const post = (message: FromServingThread) => self.postMessage(message);

let server: HttpServer | undefined;

self.onmessage = async ({ data }: MessageEvent<ToServingThread>) => {
  if (data.type === "serve") {
    server = new HttpServer({ ...data.address, reusePort: true }, answer);
    post({ type: "listening" });
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
