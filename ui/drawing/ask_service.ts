import type { NotTrainedResponse, PredictRequest, PredictResponse } from "../../protocol/mod.ts";
import { errorOf, type LabConnection } from "../shared/wire/connection.ts";
import type { Outcome } from "./outcome.ts";

/** What the service says to `POST /predict`, or the answer alone where it recognised a digit. */
export async function askService(
  connection: LabConnection,
  post: PredictRequest,
  signal: AbortSignal,
): Promise<PredictResponse | Exclude<Outcome, { kind: "recognised" }>> {
  const reply = await connection.request("/predict", { post, signal }).catch(() => undefined);
  // An answer that breaks off has a status and nothing more.
  if (reply === undefined || (reply.status === 200 && reply.body === undefined)) {
    return {
      kind: "failed",
      message: "The inference service cannot be reached. Check that it is running, then try again.",
    };
  }
  if (reply.status === 200) return reply.body as PredictResponse;
  if (reply.status === 404 && isNotTrained(reply.body)) return { kind: "not trained", nearest: reply.body.nearest };
  return { kind: "failed", message: errorOf(reply) };
}

function isNotTrained(body: unknown): body is NotTrainedResponse {
  return typeof body === "object" && body !== null && "nearest" in body;
}
