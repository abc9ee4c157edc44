import type { NearestModel, PredictResponse } from "../../protocol/mod.ts";

/** Who answered, and how long it took. */
export interface Source {
  /** `server`, or the backend in this page: `wasm` or `webgpu`. */
  by: string;
  /** From the pen's lifting, or from the press of the button, to the answer. */
  milliseconds: number;
  /** Whether the server had to stand in for this page. */
  isStandIn?: boolean;
}

/** What the page has to say about the drawing. */
export type Outcome =
  | { kind: "waiting" }
  | { kind: "loading" }
  | { kind: "asking" }
  | { kind: "blank" }
  | { kind: "recognised"; answer: PredictResponse; source: Source }
  | { kind: "not trained"; nearest: NearestModel | null }
  | { kind: "failed"; message: string };
