import { DEFAULT_CONFIG, paramsOf } from "../protocol/mod.ts";
import { json, type Operation, refusal } from "../service/api/openapi.ts";

const EXAMPLE = {
  params: paramsOf({ ...DEFAULT_CONFIG, num_epochs: 1, hidden_layers_config: [128] }),
  image_data: "data:image/png;base64,…",
};

/** The description of the inference service's own route. */
export const INFERENCE_OPERATIONS: readonly Operation[] = [{
  method: "post",
  path: "/predict",
  summary: "Says which digit a drawing shows",
  detail:
    "By the stored model that params describe, or by the one that model_id names. image_data is a PNG of at most " +
    "2048 × 2048 pixels as a data URL.",
  body: [json("PredictRequest", { example: EXAMPLE })],
  answers: [
    { status: 200, when: "The digit, and how sure the model is.", ...json("PredictResponse") },
    refusal(400, "A field is wrong, or the drawing is blank or not a valid PNG."),
    {
      status: 404,
      when: "No stored model answers to params; nearest names the closest. Or model_id names none.",
      ...json("Error"),
    },
    refusal(408, "The body took too long to arrive."),
    refusal(409, "The stored model cannot be used."),
    refusal(413, "The body has more than 24 MiB."),
    refusal(415, "The body is compressed otherwise than with gzip or deflate."),
    refusal(503, "Too much at once; try again in a moment."),
  ],
}];
