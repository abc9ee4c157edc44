import assert from "node:assert/strict";
import { checkAnswer, checkValue, describedRoutes, routesOf } from "../service/api/answers_testing.ts";
import { withLab } from "./testing/lab.ts";

Deno.test("exactly the existing routes are described", async () => {
  await withLab(async (lab) => {
    const document = await (await lab.app.request("http://localhost/openapi.json")).json();
    assert.equal(document.openapi, "3.1.0");
    assert.deepEqual(describedRoutes(document), routesOf(lab.app));
  });
});

Deno.test("answers and messages match their descriptions, without extra fields", async () => {
  await withLab(async (lab) => {
    const { body } = await lab.getJson("/openapi.json");
    const document = body as { paths: Record<string, { get: Record<string, { fromServer: object[] }> }> };
    const client = await lab.train();
    const { run_id } = await client.next("accepted");
    const training = await lab.engine.next();
    training.complete();
    await client.next("result");
    const duplicate = await lab.train();
    await duplicate.next("exists");
    duplicate.send({ type: "abort" });
    await duplicate.next("aborted");
    const refused = await lab.train({ batch_size: 0 });
    await refused.next("error");
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    await onlooker.next("history");

    const sockets = [["/ws/train", client], ["/ws/train", duplicate], ["/ws/train", refused]] as const;
    for (const [path, { messages }] of [...sockets, ["/ws/runs/{id}", onlooker] as const]) {
      const schema = { oneOf: document.paths[path].get["x-websocket"].fromServer };
      for (const message of messages) checkValue(document, schema, message, `${path} ${message.type}`);
    }

    const { id } = lab.store.records[0];
    const paths: [path: string, described: string][] = [
      ["/healthz", "/healthz"],
      ["/openapi.json", "/openapi.json"],
      ["/api/models", "/api/models"],
      [`/api/models/${id}`, "/api/models/{id}"],
      [`/api/models/${id}/model.pth`, "/api/models/{id}/model.pth"],
      ["/api/models/none", "/api/models/{id}"],
      [`/api/models/${"x".repeat(300)}`, "/api/models/{id}"],
      ["/api/runs", "/api/runs"],
      [`/api/runs/${run_id}`, "/api/runs/{id}"],
      [`/api/runs/${run_id}/history.csv`, "/api/runs/{id}/history.csv"],
      [`/api/runs/${run_id}/curve.svg`, "/api/runs/{id}/curve.svg"],
      ["/api/runs/none/curve.svg", "/api/runs/{id}/curve.svg"],
      ["/assets/none.js", "/assets/{name}"],
      ["/ws/train", "/ws/train"],
    ];
    for (const [path, described] of paths) {
      await checkAnswer(document, await fetch(`http://${lab.host}${path}`), described);
    }
    const moved = await fetch(`http://${lab.host}/api/runs/${run_id}/curve.png`, { redirect: "manual" });
    assert.equal(moved.headers.get("location"), "curve.svg");
    await checkAnswer(document, moved, "/api/runs/{id}/curve.png");
    const posted = await fetch(`http://${lab.host}/api/models?epochs=2`, { method: "POST", body: "x" });
    await checkAnswer(document, posted, "/api/models", "post");
    const removed = await fetch(`http://${lab.host}/api/models/${id}`, { method: "DELETE" });
    await checkAnswer(document, removed, "/api/models/{id}", "delete");
  });
});

Deno.test("the description of a configuration contains its bounds", async () => {
  await withLab(async (lab) => {
    const document = (await lab.getJson("/openapi.json")).body as {
      components: { schemas: { TrainConfig: { properties: Record<string, object>; required: string[] } } };
    };
    const { properties, required } = document.components.schemas.TrainConfig;
    assert.deepEqual(properties.num_epochs, { type: "integer", minimum: 1, maximum: 200 });
    assert.deepEqual(properties.learning_rate, { type: "number", exclusiveMinimum: 0, maximum: 1 });
    assert.ok(required.includes("model_type") && !required.includes("seed"));
  });
});
