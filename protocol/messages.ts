/** What travels over `/ws/train` and `/ws/runs/{id}`. A client ignores message types and fields it does not know. */
import * as v from "valibot";
import type { ModelRecord } from "./model_record.ts";
import type { TrainConfig } from "./train_config.ts";

/** Longest text a client may send in one message, in bytes. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

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

/** `asking`: waits for the answer to `exists`. `kept`: the stored duplicate was kept, nothing was trained. */
export type RunState = "asking" | "queued" | "running" | "done" | "kept" | "aborted" | "failed";

export const FINISHED_STATES: readonly RunState[] = ["done", "kept", "aborted", "failed"];

/** One run as `GET /api/runs` lists it. Times are Unix milliseconds. */
export interface RunSummary {
  id: string;
  state: RunState;
  config: TrainConfig;
  created: number;
  started?: number;
  ended?: number;
  /** Steps done and in all. */
  step: number;
  total_steps: number;
  /** Place in the queue, from 1; only while queued. */
  place?: number;
  /** Per cent, of the last finished epoch. */
  accuracy?: number;
  /** Backend that trains, known once it runs. */
  device?: string;
  /** Set once the model is stored. */
  model_id?: string;
  /** The reason, once failed. */
  message?: string;
  /** The run that this one goes on with. */
  resumed_from?: string;
  /** What to send as `resume` to go on from where it stopped: there as long as a checkpoint of it is kept. */
  resume?: string;
}

export interface LogMessage {
  type: "log";
  message: string;
  /** From 1; on the log at the end of an epoch, with its mean loss and test accuracy in per cent. */
  epoch?: number;
  /** Null where it is no longer a number. */
  mean_loss?: number | null;
  accuracy?: number;
  /** Trained so far; at the end of an epoch. */
  seconds?: number;
  /** Place in the queue, from 1; on the log while queued. */
  place?: number;
}

/** A loss is null where it is no longer a number. */
export type LossPoint = [step: number, loss: number | null];

export interface LossMessage {
  type: "loss";
  /** From 1. */
  step: number;
  /** Null where it is no longer a number. */
  loss: number | null;
  epoch: number;
  total_steps: number;
  images_per_second?: number;
  seconds_left?: number;
  /** Losses since the last message that were merged into this one, in order. */
  losses?: LossPoint[];
}

export interface ExistsMessage {
  type: "exists";
  message: string;
  existing: ModelRecord;
}

export interface ResultMessage {
  type: "result";
  /** Per cent of the test digits. */
  accuracy: number;
  /** Seconds. */
  training_time: number;
  model_path: string;
  model_type: string;
  optimizer: string;
  model_id: string;
  run_id: string;
  device: string;
}

/** Sent once a config is accepted, so that a page can find its run again. */
export interface AcceptedMessage {
  type: "accepted";
  run_id: string;
  total_steps: number;
}

/** First message on `/ws/runs/{id}`: the run so far. */
export interface HistoryMessage {
  type: "history";
  run: RunSummary;
  /** Of a long run not all, but evenly many from the first to the last. */
  losses: LossPoint[];
  logs: LogMessage[];
  /** Present while the run waits for the answer to `exists`. */
  exists?: ExistsMessage;
  /** Present once it ended. */
  end?: ResultMessage | AbortedMessage | ErrorMessage;
}

export interface AbortedMessage {
  type: "aborted";
  message: string;
  /** What to send as `resume` to go on, where a checkpoint could be kept by now. */
  resume?: string;
}

export interface ErrorMessage {
  type: "error";
  message: string;
  field?: string;
  /** What to send as `resume` to go on, where a checkpoint was kept. */
  resume?: string;
}

/** What the model says at `step` to the drawing that this client watches; to nobody else. */
export interface GuessMessage {
  type: "guess";
  step: number;
  /** Ten, in digit order; null where they are no longer numbers. */
  probabilities: number[] | null;
}

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
