/** Pictures as pages send them. */
import { HttpError } from "../../service/app.ts";

const PREFIX = "data:image/png;base64,";

/** The bytes in a PNG data URL, which the request's schema has seen to begin as one; else an `HttpError` 400. */
export function decodeDataUrl(url: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromBase64(url.slice(PREFIX.length));
  } catch {
    throw new HttpError(400, "image_data is not valid base64", { field: "image_data" });
  }
}
