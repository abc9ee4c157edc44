import * as v from "valibot";

/** Every answer from 400 on: what was wrong, where, and what to do. Some carry more, such as what is there already. */
export const ErrorResponseSchema = v.looseObject({
  error: v.string(),
  /** The field at fault, where the message is about one. */
  field: v.optional(v.string()),
});
