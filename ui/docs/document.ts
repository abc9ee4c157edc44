/** The part of an OpenAPI document that the page shows, and descriptions of its schemas. */

/** A JSON schema, as far as the services use them. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema | boolean;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
}

/** A body of one content type. */
export interface Media {
  schema?: Schema;
  example?: unknown;
}

/** A route with one method, or a socket (`x-websocket`). */
export interface ApiOperation {
  operationId: string;
  summary: string;
  description?: string;
  parameters: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
  "x-websocket"?: { fromClient: Schema[]; fromServer: Schema[]; example?: unknown };
}

/** `/openapi.json`. */
export interface ApiDocument {
  info: { title: string; description: string };
  security?: unknown[];
  paths: Record<string, Record<string, ApiOperation>>;
  components: { schemas: Record<string, Schema> };
}

/** The name of the schema that `$ref` points to. */
export function refName({ $ref }: Schema): string | undefined {
  return $ref?.split("/").at(-1);
}

/** Describes in one line what a value must be. Named schemas are referred to by name. */
export function inWords(schema: Schema): string {
  const name = refName(schema);
  if (name !== undefined) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(inWords).join(" | ");
  if (schema.allOf !== undefined) return schema.allOf.map(inWords).join(" and ");
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(inWords).join(", ")}]`;
  if (schema.type === "array") {
    const items = typeof schema.items === "object" ? inWords(schema.items) : "any";
    return `list of ${items}${schema.maxItems === undefined ? "" : `, at most ${schema.maxItems} items`}`;
  }
  const names = Object.keys(schema.properties ?? {});
  if (names.length > 0) return `object with ${names.join(", ")}`;
  const type = schema.type === "integer" ? "whole number" : [schema.type ?? "any"].flat().join(" | ");
  return `${type}${boundsInWords(schema)}`;
}

function boundsInWords(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below, maxLength } = schema;
  const bounds = [
    minimum === undefined ? "" : `from ${minimum}`,
    above === undefined ? "" : `above ${above}`,
    maximum === undefined ? "" : `to ${maximum}`,
    below === undefined ? "" : `below ${below}`,
    maxLength === undefined ? "" : `up to ${maxLength} characters`,
  ].filter(Boolean);
  return bounds.length === 0 ? "" : `, ${bounds.join(" ")}`;
}
