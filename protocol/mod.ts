/** Messages, configurations and records: one validated schema for services and pages. */
export * from "./analysis.ts";
export * from "./fields.ts";
export * from "./form_query.ts";
export * from "./import_config.ts";
export * from "./learning_rate.ts";
export * from "./matching.ts";
export * from "./messages.ts";
export * from "./model_record.ts";
export * from "./prediction.ts";
export * from "./resume_request.ts";
export * from "./run_files.ts";
export * from "./train_config.ts";
export * from "./validate.ts";
