/** Messages on `/ws/train` and `/ws/runs/{id}`. A client ignores message types and fields that it does not know. */
import * as v from "valibot";
import { AcceptedConfigSchema } from "./requests.ts";
import { ModelRecordSchema } from "./models.ts";
import { exactObject } from "./validate.ts";

/** `asking`: waits for the answer to `exists`. `kept`: the stored duplicate was kept, nothing was trained. */
export const RUN_STATES = ["asking", "queued", "running", "done", "kept", "aborted", "failed"] as const;
/** The state of a run. */
export type RunState = (typeof RUN_STATES)[number];

/** The states in which a run has ended. */
export const FINISHED_STATES: readonly RunState[] = ["done", "kept", "aborted", "failed"];

const pixelsMessage = "must be 784 bytes in base64, or null";
/** 784 bytes, ink 255 on paper 0, in base64. */
const drawnPixels = v.pipe(v.string(pixelsMessage), v.regex(/^[A-Za-z0-9+/]{1046}==$/, pixelsMessage));

/** What a client may send while it follows a run. */
export const ClientMessageSchema = v.variant("type", [
  exactObject({ type: v.literal("overwrite"), value: v.boolean("must be true or false") }),
  v.object({ type: v.literal("abort") }),
  /** A drawing that the run classifies while it trains, replacing the previous one; null for no drawing. */
  v.object({ type: v.literal("watch"), pixels: v.nullable(drawnPixels) }),
], 'must be {"type":"overwrite","value":true|false}, {"type":"abort"} or {"type":"watch","pixels":…}');

/** What a client may send while it follows a run. */
export type ClientMessage = v.InferOutput<typeof ClientMessageSchema>;

const number = v.number();
const text = v.string();
/** Null if the loss is NaN or infinite, which JSON cannot express. */
const loss = v.nullable(v.number());

/** One run as `GET /api/runs` lists it. Times are Unix milliseconds. */
export const RunSummarySchema = v.object({
  id: text,
  state: v.picklist(RUN_STATES),
  config: AcceptedConfigSchema,
  created: number,
  started: v.optional(number),
  ended: v.optional(number),
  /** Steps done, and steps in all. */
  step: number,
  total_steps: number,
  /** Position in the queue, from 1; only while queued. */
  place: v.optional(number),
  /** Whether the run was requested from the address that is asking now; left out for runs of an earlier process. */
  yours: v.optional(v.boolean()),
  /** Per cent, after the last finished epoch. */
  accuracy: v.optional(number),
  /** Backend that trains, known once it runs. */
  device: v.optional(text),
  /** Mean over all steps so far. */
  images_per_second: v.optional(number),
  /** Set once the model is stored. */
  model_id: v.optional(text),
  /** The reason, once failed. */
  message: v.optional(text),
  /** Epochs of the model that the run trains further, if their number is known. */
  epochs_before: v.optional(number),
  /** The run that this one resumed. */
  resumed_from: v.optional(text),
  /** The id to send as `resume`; present while a snapshot of the run is kept. */
  resume: v.optional(text),
});
/** One run as `GET /api/runs` lists it. */
export type RunSummary = v.InferOutput<typeof RunSummarySchema>;

/** A message about the progress of a run. */
export const LogMessageSchema = v.object({
  type: v.literal("log"),
  message: text,
  /** From 1; only in the log at the end of an epoch, with its mean loss and test accuracy in per cent. */
  epoch: v.optional(number),
  mean_loss: v.optional(loss),
  accuracy: v.optional(number),
  /** Seconds trained so far; only at the end of an epoch. */
  seconds: v.optional(number),
  /** Position in the queue, from 1; only in the log while queued. */
  place: v.optional(number),
  /** Says whose training is in progress and how many wait before this one; only in the log while queued. */
  after: v.optional(text),
  /** Backend that trains; only in the log that announces it. */
  device: v.optional(text),
});
/** A message about the progress of a run. */
export type LogMessage = v.InferOutput<typeof LogMessageSchema>;

/** A step, from 1, and its loss. */
export const LossPointSchema = v.strictTuple([number, loss]);
/** A step, from 1, and its loss; null if that is NaN or infinite. */
export type LossPoint = [step: number, loss: number | null];

/** The progress of a run. */
export const LossMessageSchema = v.object({
  type: v.literal("loss"),
  /** From 1. */
  step: number,
  loss,
  epoch: number,
  total_steps: number,
  images_per_second: v.optional(number),
  /** Over all steps so far, including the slow first ones. */
  mean_images_per_second: v.optional(number),
  /** Left out during the first steps, which are too slow to predict from. */
  seconds_left: v.optional(number),
  /** How many threads train at present, at most `THREADS`; left out where a GPU does. */
  threads: v.optional(number),
  /** Losses since the last message that were merged into this one, in order. */
  losses: v.optional(v.array(LossPointSchema)),
});
/** The progress of a run. */
export type LossMessage = v.InferOutput<typeof LossMessageSchema>;

/** Asks whether to overwrite a stored model with the same configuration. */
export const ExistsMessageSchema = v.object({
  type: v.literal("exists"),
  message: text,
  existing: ModelRecordSchema,
});
/** Asks whether to overwrite a stored model with the same configuration. */
export type ExistsMessage = v.InferOutput<typeof ExistsMessageSchema>;

/** The run is done and its model stored. */
export const ResultMessageSchema = v.object({
  type: v.literal("result"),
  /** Per cent of the test digits. */
  accuracy: number,
  /** Seconds. */
  training_time: number,
  model_path: text,
  model_type: text,
  optimizer: text,
  model_id: text,
  run_id: text,
  device: text,
});
/** The run is done and its model stored. */
export type ResultMessage = v.InferOutput<typeof ResultMessageSchema>;

/** Sent once a configuration is accepted, so that a page can find its run again. */
export const AcceptedMessageSchema = v.object({ type: v.literal("accepted"), run_id: text, total_steps: number });
/** The configuration is accepted. */
export type AcceptedMessage = v.InferOutput<typeof AcceptedMessageSchema>;

/** The run was aborted; nothing is stored. */
export const AbortedMessageSchema = v.object({
  type: v.literal("aborted"),
  message: text,
  /** Steps done; losses of the last ones may not have been sent. */
  step: v.optional(number),
  /** The id to send as `resume`, if a snapshot has been kept by now. */
  resume: v.optional(text),
});
/** The run was aborted; nothing is stored. */
export type AbortedMessage = v.InferOutput<typeof AbortedMessageSchema>;

/** The run failed, or the client's message is refused. */
export const ErrorMessageSchema = v.object({
  type: v.literal("error"),
  message: text,
  field: v.optional(text),
  /** The id to send as `resume`, if a snapshot is kept. */
  resume: v.optional(text),
});
/** The run failed, or the client's message is refused. */
export type ErrorMessage = v.InferOutput<typeof ErrorMessageSchema>;

/** First message on `/ws/runs/{id}`: the run so far. */
export const HistoryMessageSchema = v.object({
  type: v.literal("history"),
  run: RunSummarySchema,
  /** For a long run not all losses, but an evenly spaced selection from the first to the last. */
  losses: v.array(LossPointSchema),
  logs: v.array(LogMessageSchema),
  /** Present while the run waits for the answer to `exists`. */
  exists: v.optional(ExistsMessageSchema),
  /** Present once the run has ended. */
  end: v.optional(v.variant("type", [ResultMessageSchema, AbortedMessageSchema, ErrorMessageSchema])),
});
/** A run so far. */
export type HistoryMessage = v.InferOutput<typeof HistoryMessageSchema>;

/** The model's answer, at `step`, to the drawing on this client's live pad; sent only to that client. */
export const GuessMessageSchema = v.object({
  type: v.literal("guess"),
  step: number,
  /** Ten, in digit order; null if they are NaN. */
  probabilities: v.nullable(v.array(number)),
});
/** The model's answer to the drawing on this client's live pad. */
export type GuessMessage = v.InferOutput<typeof GuessMessageSchema>;

/** Any message that a service sends over a socket. */
export type ServerMessage =
  | AcceptedMessage
  | ExistsMessage
  | LogMessage
  | LossMessage
  | GuessMessage
  | ResultMessage
  | AbortedMessage
  | ErrorMessage
  | HistoryMessage;
