/** A small service for `serve_test.ts`, run with the permissions of a real service. */
import { createServiceApp } from "../http/app.ts";
import { clientAddress } from "../http/request.ts";
import { runMain, serveService } from "./serve.ts";
import { readSettings } from "./settings.ts";
import { SocketGroup } from "../http/websocket.ts";

await runMain(async () => {
  const settings = readSettings();
  const app = createServiceApp(settings, "training");
  app.get("/stray", (c) => {
    Promise.reject(new Error("nobody waits for this"));
    return c.text("ok");
  });
  const sockets = new SocketGroup();
  app.get("/socket", (c) => sockets.upgrade(c.req.raw, clientAddress(c)).response);
  app.get("/stuck", () => new Promise<Response>(() => {}));
  await serveService({
    name: "fixture",
    settings,
    port: settings.trainingPort,
    fetch: (request, info) => app.fetch(request, info),
    onShutdown: () => sockets.closeAll(1001, "the service ends"),
  });
});
