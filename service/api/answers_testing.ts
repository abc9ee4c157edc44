/** For tests: compares an app's routes and answers with its description. */
import assert from "node:assert/strict";
import type { Hono } from "hono";

/** Parsed JSON. */
// deno-lint-ignore no-explicit-any
export type Json = any;

/** Method and path of each route of the app, as OpenAPI writes them, sorted. */
export function routesOf(app: Hono): string[] {
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  return [...new Set(routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`))].sort();
}

/** Method and path of each route in the document, sorted. */
export function describedRoutes(document: Json): string[] {
  return Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  ).sort();
}

/** Compares an answer to `GET path` (or another method) with its description. */
export async function checkAnswer(document: Json, response: Response, path: string, method = "get"): Promise<void> {
  const described = document.paths[path][method].responses[response.status];
  assert(described, `${method} ${path}: the answer ${response.status} is not described`);
  const [type, media] = Object.entries<Json>(described.content ?? {})[0] ?? [];
  const text = await response.text();
  if (type === undefined) return;
  assert.ok(response.headers.get("content-type")?.startsWith(type), path);
  if (media.schema !== undefined) checkValue(document, media.schema, JSON.parse(text), `${method} ${path}`);
}

/**
 * Checks a value against a JSON Schema as this API writes them.
 *
 * @throws {AssertionError} when it does not fit or has a field that is not described
 */
export function checkValue(document: Json, schema: Json, value: Json, at: string): void {
  if (schema.$ref) return checkValue(document, document.components.schemas[schema.$ref.split("/").at(-1)], value, at);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    const fits = choices.some((choice: Json) => {
      try {
        checkValue(document, choice, value, at);
        return true;
      } catch {
        return false;
      }
    });
    return assert(fits, `${at}: ${JSON.stringify(value)} is none of the choices`);
  }
  if ("const" in schema) assert.equal(value, schema.const, at);
  if (schema.enum) assert(schema.enum.includes(value), `${at}: ${value} is not listed`);
  if (schema.type) assert(isOfType(schema.type, value), `${at}: ${JSON.stringify(value)} is no ${schema.type}`);
  if (schema.type === "array") {
    value.forEach((item: Json, i: number) => {
      const items = schema.prefixItems?.[i] ?? schema.items;
      if (typeof items === "object") checkValue(document, items, item, `${at}[${i}]`);
    });
  }
  if (schema.type !== "object") return;
  for (const field of schema.required ?? []) assert(field in value, `${at}.${field} is missing`);
  for (const [field, inner] of Object.entries(value)) {
    const property = schema.properties?.[field];
    assert(property || schema.additionalProperties, `${at}.${field} is not described`);
    if (property) checkValue(document, property, inner, `${at}.${field}`);
  }
}

function isOfType(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  const actual: string = typeof value;
  return actual === type;
}
