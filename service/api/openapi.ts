import { type JsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import { type Answer, type Content, type Operation, type SchemaName, SCHEMAS } from "./operation.ts";

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
