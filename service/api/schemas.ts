/** The schemas that the API is described with: those that check what comes in, and those of what goes out. */
import * as v from "valibot";
import * as p from "../../protocol/mod.ts";

export const SCHEMAS = {
  TrainConfig: p.TrainConfigSchema,
  ResumeRequest: p.ResumeRequestSchema,
  ClientMessage: p.ClientMessageSchema,
  AcceptedMessage: p.AcceptedMessageSchema,
  ExistsMessage: p.ExistsMessageSchema,
  LogMessage: p.LogMessageSchema,
  LossMessage: p.LossMessageSchema,
  GuessMessage: p.GuessMessageSchema,
  ResultMessage: p.ResultMessageSchema,
  AbortedMessage: p.AbortedMessageSchema,
  ErrorMessage: p.ErrorMessageSchema,
  HistoryMessage: p.HistoryMessageSchema,
  RunSummary: p.RunSummarySchema,
  ModelRecord: p.ModelRecordSchema,
  ImportConfig: p.ImportConfigSchema,
  ModelAnalysis: p.ModelAnalysisSchema,
  DigitQuery: p.DigitQuerySchema,
  DigitList: p.DigitListSchema,
  PredictParams: p.PredictParamsSchema,
  PredictRequest: p.PredictRequestSchema,
  PredictResponse: p.PredictResponseSchema,
  NotTrained: p.NotTrainedResponseSchema,
  Health: v.looseObject({
    status: v.picklist(["ok", "not ready"]),
    checks: v.record(v.string(), v.object({ ok: v.boolean(), message: v.optional(v.string()) })),
  }),
  Error: p.ErrorResponseSchema,
} as const;

export type SchemaName = keyof typeof SCHEMAS;
