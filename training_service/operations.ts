/** Describes the training service's routes for `openapi.json`. */
import { DEFAULT_CONFIG } from "../protocol/mod.ts";
import { type Answer, json, type Operation, refusal, type SchemaName } from "../service/api/openapi.ts";

const CONFIG_EXAMPLE = { ...DEFAULT_CONFIG, num_epochs: 1, hidden_layers_config: [128] };

const NO_MODEL = refusal(404, "There is no such model.");
const NO_RUN = refusal(404, "There is no such run.");
const OPENED: Answer[] = [
  { status: 101, when: "The socket is open." },
  refusal(403, "The request comes from a page of another origin."),
  refusal(426, "The request is not a WebSocket upgrade."),
  refusal(503, "Too many sockets are open."),
];

/** What a run says to everyone who follows it. */
const RUN_MESSAGES: SchemaName[] = [
  "ExistsMessage",
  "LogMessage",
  "LossMessage",
  "GuessMessage",
  "ResultMessage",
  "AbortedMessage",
  "ErrorMessage",
];

/** The routes that only this service has. */
export const TRAINING_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/ws/train",
    summary: "Trains a model (WebSocket)",
    detail: "The first message is a configuration, or the run to resume. The run outlives its socket. After result, " +
      "aborted or error the server closes the socket, with 1008 if it refuses the first message, else with 1000.",
    messages: {
      fromClient: ["TrainConfig", "ResumeRequest", "ClientMessage"],
      fromServer: ["AcceptedMessage", ...RUN_MESSAGES],
    },
    body: [json("TrainConfig", { example: CONFIG_EXAMPLE })],
    answers: OPENED,
  },
  {
    method: "get",
    path: "/ws/runs/:id",
    summary: "Follows a run (WebSocket)",
    detail: "The history so far comes as one message, followed by live messages.",
    messages: {
      fromClient: ["ClientMessage"],
      fromServer: ["HistoryMessage", ...RUN_MESSAGES],
    },
    answers: OPENED,
  },
  {
    method: "post",
    path: "/api/models",
    summary: "Imports a model",
    detail:
      "A .pth or .safetensors as the field file of a form, or as the body itself. How it was trained is said by " +
      "fields of the form, of its config (a JSON object) or of the query.",
    query: "ImportConfig",
    body: [{ type: "multipart/form-data", schema: "ImportConfig" }, { type: "application/octet-stream" }],
    answers: [
      { status: 201, when: "The model is stored.", ...json("ModelRecord") },
      refusal(400, "The file or a field is wrong."),
      refusal(409, "A model with this configuration is already stored; existing is its record."),
      refusal(408, "The body took too long to arrive."),
      refusal(413, "The file is larger than any model."),
      refusal(415, "The body is compressed otherwise than with gzip or deflate."),
      refusal(503, "Too many imports at once, or the models folder cannot be written."),
    ],
  },
  {
    method: "get",
    path: "/api/models/:id/analysis",
    summary: "A model's answer to each test digit",
    detail: "The first time takes as long as the model needs for the test digits.",
    answers: [
      { status: 200, when: "Its answers.", ...json("ModelAnalysis") },
      NO_MODEL,
      refusal(409, "The file of the model is missing or damaged."),
      refusal(503, "Too many analyses at once, or the dataset cannot be read."),
    ],
  },
  {
    method: "delete",
    path: "/api/models/:id",
    summary: "Removes a model",
    answers: [{ status: 204, when: "The model is removed." }, NO_MODEL],
  },
  {
    method: "get",
    path: "/api/runs",
    summary: "All runs, newest first",
    answers: [{ status: 200, when: "What is known of them.", ...json("RunSummary", { isList: true }) }],
  },
  {
    method: "get",
    path: "/api/runs/:id",
    summary: "One run with its losses, logs and outcome",
    answers: [{ status: 200, when: "Its history.", ...json("HistoryMessage") }, NO_RUN],
  },
  {
    method: "get",
    path: "/api/runs/:id/history.csv",
    summary: "The history of a run as a table",
    answers: [{ status: 200, when: "The table.", type: "text/csv" }, NO_RUN],
  },
  {
    method: "get",
    path: "/api/runs/:id/curve.svg",
    summary: "The learning curve of a run as a picture",
    detail: "Losses, their running mean and the test accuracy after each epoch, in light or dark colours.",
    answers: [{ status: 200, when: "The picture.", type: "image/svg+xml" }, NO_RUN],
  },
  {
    method: "get",
    path: "/api/runs/:id/curve.png",
    summary: "The former address of curve.svg",
    answers: [{ status: 308, when: "The picture is at curve.svg." }],
  },
];
