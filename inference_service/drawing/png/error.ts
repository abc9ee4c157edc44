/** A picture that cannot be used, in words for the person who sent it. */
export class PngError extends Error {
  override name = "PngError";
}
