/** `asking`: waits for the answer to `exists`. `kept`: the stored duplicate was kept, nothing was trained. */
export const RUN_STATES = ["asking", "queued", "running", "done", "kept", "aborted", "failed"] as const;
export type RunState = (typeof RUN_STATES)[number];

export const FINISHED_STATES: readonly RunState[] = ["done", "kept", "aborted", "failed"];
