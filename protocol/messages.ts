/** What travels over `/ws/train` and `/ws/runs/{id}`. A client ignores message types and fields it does not know. */
import * as v from "valibot";
import { ModelRecordSchema } from "./model_record.ts";
import { RUN_STATES } from "./run_states.ts";
import { TrainConfigSchema } from "./train_config.ts";

/** 784 bytes, ink 255 on paper 0, as base64 writes them. */
const drawnPixels = (() => {
  const message = "must be 784 bytes in base64, or null";
  return v.pipe(v.string(message), v.regex(/^[A-Za-z0-9+/]{1046}==$/, message));
})();

export const ClientMessageSchema = v.variant("type", [
  v.object({ type: v.literal("overwrite"), value: v.boolean("must be true or false") }),
  v.object({ type: v.literal("abort") }),
  /** A drawing to be answered while the run trains, in place of the one before; null: no more. */
  v.object({ type: v.literal("watch"), pixels: v.nullable(drawnPixels) }),
], 'must be {"type":"overwrite","value":true|false}, {"type":"abort"} or {"type":"watch","pixels":…}');

export type ClientMessage = v.InferOutput<typeof ClientMessageSchema>;

const number = v.number();
const text = v.string();
/** Null where it is no longer a number. */
const loss = v.nullable(v.number());

/** One run as `GET /api/runs` lists it. Times are Unix milliseconds. */
export const RunSummarySchema = v.object({
  id: text,
  state: v.picklist(RUN_STATES),
  config: TrainConfigSchema,
  created: number,
  started: v.optional(number),
  ended: v.optional(number),
  /** Steps done and in all. */
  step: number,
  total_steps: number,
  /** Place in the queue, from 1; only while queued. */
  place: v.optional(number),
  /** Per cent, of the last finished epoch. */
  accuracy: v.optional(number),
  /** Backend that trains, known once it runs. */
  device: v.optional(text),
  /** Mean over all steps so far. */
  images_per_second: v.optional(number),
  /** Set once the model is stored. */
  model_id: v.optional(text),
  /** The reason, once failed. */
  message: v.optional(text),
  /** The run that this one goes on with. */
  resumed_from: v.optional(text),
  /** What to send as `resume` to go on from where it stopped: there as long as a checkpoint of it is kept. */
  resume: v.optional(text),
});
export type RunSummary = v.InferOutput<typeof RunSummarySchema>;

export const LogMessageSchema = v.object({
  type: v.literal("log"),
  message: text,
  /** From 1; on the log at the end of an epoch, with its mean loss and test accuracy in per cent. */
  epoch: v.optional(number),
  mean_loss: v.optional(loss),
  accuracy: v.optional(number),
  /** Trained so far; at the end of an epoch. */
  seconds: v.optional(number),
  /** Place in the queue, from 1; on the log while queued. */
  place: v.optional(number),
  /** Backend that trains; on the log that says so. */
  device: v.optional(text),
});
export type LogMessage = v.InferOutput<typeof LogMessageSchema>;

export const LossPointSchema = v.strictTuple([number, loss]);
export type LossPoint = [step: number, loss: number | null];

export const LossMessageSchema = v.object({
  type: v.literal("loss"),
  /** From 1. */
  step: number,
  loss,
  epoch: number,
  total_steps: number,
  images_per_second: v.optional(number),
  /** Over all steps so far, the slow first ones among them. */
  mean_images_per_second: v.optional(number),
  /** Left out while the first steps, which are slow, say nothing about those to come. */
  seconds_left: v.optional(number),
  /** Losses since the last message that were merged into this one, in order. */
  losses: v.optional(v.array(LossPointSchema)),
});
export type LossMessage = v.InferOutput<typeof LossMessageSchema>;

export const ExistsMessageSchema = v.object({
  type: v.literal("exists"),
  message: text,
  existing: ModelRecordSchema,
});
export type ExistsMessage = v.InferOutput<typeof ExistsMessageSchema>;

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
export type ResultMessage = v.InferOutput<typeof ResultMessageSchema>;

/** Sent once a config is accepted, so that a page can find its run again. */
export const AcceptedMessageSchema = v.object({ type: v.literal("accepted"), run_id: text, total_steps: number });
export type AcceptedMessage = v.InferOutput<typeof AcceptedMessageSchema>;

export const AbortedMessageSchema = v.object({
  type: v.literal("aborted"),
  message: text,
  /** Steps done, of which the losses of the last may not have been told. */
  step: v.optional(number),
  /** What to send as `resume` to go on, where a checkpoint could be kept by now. */
  resume: v.optional(text),
});
export type AbortedMessage = v.InferOutput<typeof AbortedMessageSchema>;

export const ErrorMessageSchema = v.object({
  type: v.literal("error"),
  message: text,
  field: v.optional(text),
  /** What to send as `resume` to go on, where a checkpoint was kept. */
  resume: v.optional(text),
});
export type ErrorMessage = v.InferOutput<typeof ErrorMessageSchema>;

/** First message on `/ws/runs/{id}`: the run so far. */
export const HistoryMessageSchema = v.object({
  type: v.literal("history"),
  run: RunSummarySchema,
  /** Of a long run not all, but evenly many from the first to the last. */
  losses: v.array(LossPointSchema),
  logs: v.array(LogMessageSchema),
  /** Present while the run waits for the answer to `exists`. */
  exists: v.optional(ExistsMessageSchema),
  /** Present once it ended. */
  end: v.optional(v.variant("type", [ResultMessageSchema, AbortedMessageSchema, ErrorMessageSchema])),
});
export type HistoryMessage = v.InferOutput<typeof HistoryMessageSchema>;

/** What the model says at `step` to the drawing that this client watches; to nobody else. */
export const GuessMessageSchema = v.object({
  type: v.literal("guess"),
  step: number,
  /** Ten, in digit order; null where they are no longer numbers. */
  probabilities: v.nullable(v.array(number)),
});
export type GuessMessage = v.InferOutput<typeof GuessMessageSchema>;

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
