/**
 * Thrown for a file that cannot be read as a model, or a model that a file cannot hold. The message says what is wrong,
 * where, and what to do.
 */
export class ModelFileError extends Error {
  override name = "ModelFileError";
}

const MAX_QUOTED = 80;

/** A name from a file, formatted for a message: on one line and not too long. */
export function quote(name: string): string {
  return JSON.stringify(name.length > MAX_QUOTED ? `${name.slice(0, MAX_QUOTED)}…` : name);
}
