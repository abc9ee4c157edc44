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
  /** `pixels` are the 784 bytes that the answer is about. */
  | { kind: "recognised"; answer: PredictResponse; source: Source; pixels: Uint8Array }
  | { kind: "not trained"; nearest: NearestModel | null }
  | { kind: "failed"; message: string };
