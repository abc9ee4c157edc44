/** Reads large drawings one after the other, beside the thread that serves. */
import { DrawingError, readDrawing } from "./read_drawing.ts";

/** The 784 pixels of a drawing, or why there are none. */
export type DrawingReply = { pixels: Uint8Array } | { unreadable: string };

self.onmessage = ({ data }: MessageEvent<Uint8Array>) => self.postMessage(reply(data));

function reply(png: Uint8Array): DrawingReply {
  try {
    return { pixels: readDrawing(png) };
  } catch (error) {
    if (error instanceof DrawingError) return { unreadable: error.message };
    throw error;
  }
}
