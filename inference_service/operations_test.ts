import assert from "node:assert/strict";
import { checkAnswer, describedRoutes, routesOf } from "../service/api/answers_testing.ts";
import { PredictorCache } from "./predictor_cache.ts";
import { appOn, MemoryStore, params, pngUrl, record, stroke } from "./testing.ts";

const app = appOn(
  new MemoryStore([record()]),
  new PredictorCache(() =>
    Promise.resolve({ predict: () => Promise.resolve(new Float32Array(10).fill(0.1)), close() {} })
  ),
);
const document = await (await app.request("http://localhost/openapi.json")).json();

Deno.test("exactly the existing routes are described", () => {
  assert.deepEqual(describedRoutes(document), routesOf(app));
});

Deno.test("answers match their descriptions and have no other fields", async () => {
  for (const path of ["/healthz", "/api/models", "/openapi.json"]) {
    await checkAnswer(document, await app.request(`http://localhost${path}`), path);
  }
  const image_data = pngUrl(stroke());
  const bodies = [
    { params, image_data },
    { params: { ...params, epochs: 9 }, image_data },
    { model_id: "none", image_data },
    { params, image_data: "data:image/png;base64,AAAA" },
    { params: { ...params, epochs: 0 }, image_data },
  ];
  const statuses = [];
  for (const body of bodies) {
    const response = await app.request("http://localhost/predict", { method: "POST", body: JSON.stringify(body) });
    statuses.push(response.status);
    await checkAnswer(document, response, "/predict", "post");
  }
  assert.deepEqual(statuses, [200, 404, 404, 400, 400]);
});
