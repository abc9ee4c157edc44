import * as v from "valibot";
import * as field from "./fields.ts";

/** In place of a configuration on `/ws/train`: goes on with a run that did not finish, with the settings it began with. */
export const ResumeRequestSchema = v.strictObject({
  resume: field.runId,
  /** Where to go on; by default on the device where it began. */
  device: v.nullish(field.device),
}, "cannot go with resume: a run goes on with the settings that it began with");

export type ResumeRequest = v.InferOutput<typeof ResumeRequestSchema>;
