/** The worker that reads large drawings. */
import { releaseBytes } from "../../core/bytes.ts";
import { answerQuestions } from "../../lab/ask_worker.ts";
import { DrawingError, type DrawingReply, readDrawing } from "./drawing_reader.ts";

answerQuestions((png: Uint8Array<ArrayBuffer>): DrawingReply => {
  try {
    return { pixels: readDrawing(png) };
  } catch (error) {
    if (error instanceof DrawingError) return { unreadable: error.message };
    throw error;
  } finally {
    releaseBytes(png);
  }
});
