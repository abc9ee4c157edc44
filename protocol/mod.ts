/** Configurations, messages and records: one validated schema each, for services and pages. */
export * from "./requests.ts";
export * from "./digits.ts";
export * from "./field_kinds.ts";
export * from "./learning_rate_ranges.ts";
export * from "./client_limits.ts";
export * from "./messages.ts";
export * from "./misfit.ts";
export * from "./model_config.ts";
export * from "./models.ts";
export * from "./prediction.ts";
export * from "./query.ts";
export * from "./run_files.ts";
export * from "./validate.ts";
