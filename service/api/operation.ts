/** What a route takes and answers, said once for `/openapi.json` and `/docs`. */
import type { SchemaName } from "./schemas.ts";

export interface Content {
  /** Such as `application/json`. */
  type: string;
  schema?: SchemaName;
  /** Many of `schema`. */
  isList?: boolean;
  example?: unknown;
}

export interface Answer extends Partial<Content> {
  status: number;
  /** When it comes, as a sentence. */
  when: string;
}

export interface Operation {
  method: "get" | "post" | "delete";
  /** As the app has it, such as `/api/models/:id`. */
  path: string;
  summary: string;
  detail?: string;
  /** The query's fields, all optional. */
  query?: SchemaName;
  body?: Content[];
  answers: Answer[];
  /** Of a socket: what each side may send. */
  messages?: { fromClient: SchemaName[]; fromServer: SchemaName[] };
}

/** An answer that says in words what was wrong. */
export const refusal = (status: number, when: string): Answer => (
  { status, when, type: "application/json", schema: "Error" }
);

export const json = (schema: SchemaName, options: { isList?: boolean; example?: unknown } = {}): Content => (
  { type: "application/json", schema, ...options }
);
