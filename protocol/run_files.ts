/** Files of runs on disk: the history of a model, and the snapshot of a run that can be resumed. */
import * as v from "valibot";
import { AcceptedConfigSchema } from "./requests.ts";
import { type HistoryMessage, RUN_STATES } from "./messages.ts";

const number = v.number("must be a number");
const text = v.string("must be a string");
const step = v.pipe(number, v.integer("must be a whole number"), v.minValue(0, "must not be negative"));

/** The history of a run in a file; additional fields of the run are kept. */
export const RunHistorySchema = v.looseObject({
  run: v.looseObject({
    id: text,
    state: v.picklist(RUN_STATES, "must be a run's state"),
    config: AcceptedConfigSchema,
    created: number,
    step,
    total_steps: step,
    epochs_before: v.nullish(step),
  }),
  losses: v.array(v.strictTuple([number, v.nullable(number)]), "must be a list of pairs"),
  logs: v.array(
    v.object({
      type: v.literal("log", 'must be "log"'),
      message: text,
      epoch: v.optional(number),
      mean_loss: v.optional(v.nullable(number)),
      accuracy: v.optional(number),
      seconds: v.optional(number),
      place: v.optional(number),
      device: v.optional(text),
    }),
    "must be a list of logs",
  ),
});

/** The part of a run snapshot besides its tensors. */
export const RunSnapshotSchema = v.object({
  /** Unix milliseconds. */
  saved: number,
  history: RunHistorySchema,
  /** The backend that trained. */
  device: v.picklist(["wasm", "webgpu", "reference"], "must be wasm, webgpu or reference"),
  step,
  /** Number of epochs that are trained and evaluated, and the sum of the losses since then. */
  epochs_done: step,
  loss_sum: v.nullable(number),
  /** Per cent, after the last of these epochs. */
  accuracy: v.nullish(number),
  /** Seconds trained so far. */
  seconds: number,
  /** The training diverged, so there are no tensors and only the history is left. */
  diverged: v.nullish(v.boolean()),
});

/** The part of a run snapshot besides its tensors. */
export type RunSnapshot = Omit<v.InferOutput<typeof RunSnapshotSchema>, "history"> & { history: HistoryMessage };
