/** A file that cannot be read as a model. The message is for people: what is wrong, where, and what to do. */
export class CheckpointError extends Error {
  override name = "CheckpointError";
}

const MAX_QUOTED = 80;

/** A name out of a file as a message can show it: on one line and not long. */
export function quote(name: string): string {
  return JSON.stringify(name.length > MAX_QUOTED ? `${name.slice(0, MAX_QUOTED)}…` : name);
}
