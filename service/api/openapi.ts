import { type JsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import * as v from "valibot";
import * as p from "../../protocol/mod.ts";

const REF = "#/components/schemas/";

/** The part of a description that concerns the whole service. */
export interface ApiInfo {
  title: string;
  /** Whether clients have to show a token. */
  hasToken: boolean;
}

/** An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0) of operations and the schemas of the protocol. */
export function describeApi(operations: readonly Operation[], { title, hasToken }: ApiInfo): object {
  const schemas = toJsonSchemaDefs(SCHEMAS, {
    target: "draft-2020-12",
    typeMode: "input",
    // JSON Schema has no counterpart for checks across fields; error messages explain them.
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === "loose_object" ? { ...jsonSchema, additionalProperties: true } : undefined,
    overrideRef: ({ referenceId }) => `${REF}${referenceId}`,
  });
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[operation.method] = describe(operation, schemas, hasToken);
  }
  return {
    openapi: "3.1.0",
    info: {
      title,
      version: "1.0.0",
      description:
        "Errors are JSON objects: error says what was wrong, and field names the field that the error is about, if any. " +
        "Objects may gain fields that are not described here.",
    },
    servers: [{ url: "/" }],
    ...(hasToken ? { security: [{ bearer: [] }, { cookie: [] }, { query: [] }] } : {}),
    paths,
    components: { schemas, ...(hasToken ? { securitySchemes: SECURITY_SCHEMES } : {}) },
  };
}

const SECURITY_SCHEMES = {
  bearer: { type: "http", scheme: "bearer" },
  cookie: { type: "apiKey", in: "cookie", name: "lab_token" },
  query: { type: "apiKey", in: "query", name: "token" },
};

type Schemas = Record<SchemaName, JsonSchema>;

function describe(operation: Operation, schemas: Schemas, hasToken: boolean): object {
  const { summary, detail, query, body, messages } = operation;
  const answers = [...operation.answers];
  const add = (status: number, when: string) => {
    if (!answers.some((answer) => answer.status === status)) {
      answers.push({ status, when, type: "application/json", schema: "Error" });
    }
  };
  if (operation.path.includes(":")) add(400, "The path contains something that cannot be an id.");
  if (hasToken) {
    add(401, "The request lacks the lab's token.");
    add(429, "Too many wrong tokens came from this address; Retry-After says how many seconds to wait.");
  }
  add(414, "The address is too long.");
  add(503, "Too much is on its way to clients; try again in a moment.");
  add(403, "The host name, or the origin of the requesting page, is not one of this lab's.");
  return {
    operationId: `${operation.method}${operation.path.replaceAll(/[^A-Za-z]+(\w?)/g, (_, c) => c.toUpperCase())}`,
    summary,
    ...(detail === undefined ? {} : { description: detail }),
    parameters: [...pathParameters(operation.path), ...queryParameters(query, schemas)],
    ...(body === undefined || messages !== undefined
      ? {}
      : { requestBody: { required: true, content: Object.fromEntries(body.map(content)) } }),
    responses: Object.fromEntries(
      answers.sort((a, b) => a.status - b.status).map((answer) => [answer.status, response(answer)]),
    ),
    // OpenAPI does not describe WebSockets.
    ...(messages === undefined ? {} : {
      "x-websocket": {
        fromClient: messages.fromClient.map(refTo),
        fromServer: messages.fromServer.map(refTo),
        example: body?.[0].example,
      },
    }),
  };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => (
    { name, in: "path", required: true, schema: { type: "string", minLength: 1, maxLength: 200 } }
  ));
}

function queryParameters(query: SchemaName | undefined, schemas: Schemas): object[] {
  const properties = query === undefined ? {} : schemas[query].properties ?? {};
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
}

function content({ type, schema, isList, example }: Content): [string, object] {
  if (type === "multipart/form-data") return [type, { schema: formOf(schema!) }];
  if (schema === undefined) return [type, {}];
  const one = refTo(schema);
  return [type, {
    schema: isList ? { type: "array", items: one } : one,
    ...(example === undefined ? {} : { example }),
  }];
}

/** A form with a file and the fields of `schema`. */
function formOf(schema: SchemaName): object {
  const file = { type: "string", contentMediaType: "application/octet-stream" };
  return { allOf: [{ type: "object", properties: { file }, required: ["file"] }, refTo(schema)] };
}

function response({ when, type, ...rest }: Answer): object {
  return {
    description: when,
    ...(type === undefined ? {} : { content: Object.fromEntries([content({ type, ...rest })]) }),
  };
}

function refTo(schema: SchemaName): { $ref: string } {
  return { $ref: `${REF}${schema}` };
}

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
