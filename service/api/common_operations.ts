import { queryNames } from "../../protocol/mod.ts";
import { json, type Operation, refusal } from "./openapi.ts";

const PAGE = { type: "text/html" };
const NO_MODEL = refusal(404, "There is no such model.");
const UNREADABLE = refusal(409, "The file of the model is missing or damaged.");

/** Does not apply to the .pth, which is sent from disk and so never refused for this reason. */
const TOO_MANY = "Too many large models are being sent. Or: ";

const download = (extension: string, summary: string, busy = ""): Operation => ({
  method: "get",
  path: `/api/models/:id/model.${extension}`,
  summary,
  detail: "With an ETag: sent with If-None-Match, an unchanged file is not sent again.",
  answers: [
    { status: 200, when: "The file.", type: "application/octet-stream" },
    { status: 304, when: "The client already has it." },
    NO_MODEL,
    UNREADABLE,
    refusal(503, `${busy}The models folder cannot be read.`),
  ],
});

/** The routes that both services have. */
export const COMMON_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/",
    summary: "The page",
    detail: `The query can fill in its fields: ${queryNames().join(", ")}. Widths are separated by commas (128,64).`,
    answers: [{ status: 200, when: "The page.", ...PAGE }, refusal(503, "The pages are not built.")],
  },
  {
    method: "get",
    path: "/assets/:name",
    summary: "Scripts and styles of the pages",
    answers: [{ status: 200, when: "The file." }, refusal(404, "There is no such file.")],
  },
  {
    method: "get",
    path: "/healthz",
    summary: "Whether the service works",
    answers: [
      {
        status: 200,
        when: "It does.",
        ...json("Health", { example: { status: "ok", checks: { models_folder: { ok: true } } } }),
      },
      {
        status: 503,
        when: "A check failed; its message says why.",
        ...json("Health", { example: { status: "not ready" } }),
      },
    ],
  },
  {
    method: "get",
    path: "/openapi.json",
    summary: "This description, for programs",
    answers: [{ status: 200, when: "An OpenAPI 3.1 document.", type: "application/json" }],
  },
  {
    method: "get",
    path: "/docs",
    summary: "This description, for people",
    answers: [{ status: 200, when: "The page.", ...PAGE }, refusal(503, "The pages are not built.")],
  },
  {
    method: "get",
    path: "/api/models",
    summary: "All stored models, newest first",
    answers: [
      { status: 200, when: "Their records.", ...json("ModelRecord", { isList: true }) },
      refusal(503, "The models folder cannot be read."),
    ],
  },
  {
    method: "get",
    path: "/api/models/:id",
    summary: "One stored model",
    answers: [{ status: 200, when: "Its record.", ...json("ModelRecord") }, NO_MODEL],
  },
  download("pth", "The weights as a file for PyTorch"),
  download("safetensors", "Weights and record in one file", TOO_MANY),
  download("onnx", "The network itself, with its weights", TOO_MANY),
  {
    method: "get",
    path: "/api/datasets",
    summary: "The datasets, with their numbers of pictures",
    answers: [{ status: 200, when: "What there is in DATA_DIR.", ...json("DatasetInfo", { isList: true }) }],
  },
  {
    method: "get",
    path: "/api/digits",
    summary: "Some test digits, drawn at random",
    query: "DigitQuery",
    answers: [
      { status: 200, when: "Their numbers and labels.", ...json("DigitList") },
      refusal(400, "A field of the query is wrong."),
      refusal(404, "The dataset is missing."),
    ],
  },
  {
    method: "get",
    path: "/api/digits/:name",
    summary: "A test digit as a picture",
    detail:
      "The name is the digit's number followed by .png, such as /api/digits/0.png. 28 × 28 pixels, ink 255 on paper 0.",
    answers: [
      { status: 200, when: "The picture.", type: "image/png" },
      { status: 304, when: "The client already has it." },
      refusal(400, "The name is not a number followed by .png."),
      refusal(404, "There is no such digit, or the dataset is missing."),
    ],
  },
];
