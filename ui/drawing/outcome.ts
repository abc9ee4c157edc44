/** What the drawing page says about a drawing, and how it is read from the service's answer. */
import type { NearestModel, NotTrainedResponse, PredictRequest, PredictResponse } from "../../protocol/mod.ts";
import { errorOf, type LabRequests } from "../shared/wire/connection.ts";

/** What computed the answer, and how long it took. */
export interface Source {
  /** `server`, or the backend in this page: `wasm` or `webgpu`. */
  by: string;
  /** From lifting the pen or pressing the button to the answer. */
  milliseconds: number;
  /** Whether the server answered because this browser could not. */
  isStandIn?: boolean;
}

/** What the page says about the drawing. */
export type Outcome =
  | { kind: "waiting" }
  | { kind: "loading" }
  | { kind: "asking" }
  | { kind: "blank" }
  /** `pixels` are the 784 bytes that were classified. */
  | { kind: "recognised"; answer: PredictResponse; source: Source; pixels: Uint8Array }
  | { kind: "not trained"; nearest: NearestModel | null }
  | { kind: "failed"; message: string };

/** An answer with the pixels and the model it is about, for an explanation. */
export interface Answered {
  /** The 784 bytes that were classified. */
  pixels: Uint8Array;
  digit: number;
  modelId: string;
  /** Whether the server answered. */
  byServer: boolean;
}

/** Shown while the inference service does not answer. */
export const UNREACHABLE = "The inference service cannot be reached. Check that it is running, then try again.";

/** Asks `POST /predict` and turns the service's answer into an outcome. */
export async function askService(
  connection: LabRequests,
  post: PredictRequest,
  signal: AbortSignal,
): Promise<PredictResponse | Exclude<Outcome, { kind: "recognised" }>> {
  const reply = await connection.request("/predict", { post, signal }).catch(() => undefined);
  // An answer that was cut short has a status but no body.
  if (reply === undefined || (reply.status === 200 && reply.body === undefined)) {
    return { kind: "failed", message: UNREACHABLE };
  }
  if (reply.status === 200) return reply.body as PredictResponse;
  if (reply.status === 404 && isNotTrained(reply.body)) return { kind: "not trained", nearest: reply.body.nearest };
  return { kind: "failed", message: errorOf(reply) };
}

function isNotTrained(body: unknown): body is NotTrainedResponse {
  return typeof body === "object" && body !== null && "nearest" in body;
}
