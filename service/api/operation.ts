import * as v from "valibot";
import * as p from "../../protocol/mod.ts";

/** The schemas of requests and answers that describe the API. */
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
  DatasetInfo: p.DatasetInfoSchema,
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

/** A name in `SCHEMAS`; in `openapi.json` it is found under `components/schemas`. */
export type SchemaName = keyof typeof SCHEMAS;

/** A body, with its media type. */
export interface Content {
  /** Such as `application/json`. */
  type: string;
  schema?: SchemaName;
  /** Whether it is a list of `schema`. */
  isList?: boolean;
  example?: unknown;
}

/** A possible answer of a route. */
export interface Answer extends Partial<Content> {
  status: number;
  /** When the service gives this answer, as a sentence. */
  when: string;
}

/** A route as `/openapi.json` and `/docs` describe it. */
export interface Operation {
  method: "get" | "post" | "delete";
  /** As Hono writes it, such as `/api/models/:id`. */
  path: string;
  summary: string;
  detail?: string;
  /** The query's fields, all optional. */
  query?: SchemaName;
  body?: Content[];
  answers: Answer[];
  /** For a WebSocket: what each side may send. */
  messages?: { fromClient: SchemaName[]; fromServer: SchemaName[] };
}

/** An answer whose body is an `Error`. */
export const refusal = (status: number, when: string): Answer => (
  { status, when, type: "application/json", schema: "Error" }
);

/** A JSON body. */
export const json = (schema: SchemaName, options: { isList?: boolean; example?: unknown } = {}): Content => (
  { type: "application/json", schema, ...options }
);
