/** A small service for `serve_test.ts`, run with the permissions of a real service. */
import { readSettings } from "../process/settings.ts";
import { createServiceApp } from "./app.ts";
import { clientAddress } from "./request.ts";
import { runMain } from "../process/output.ts";
import { serveService } from "./serve.ts";
import { SocketGroup } from "./websocket.ts";

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
