/** The worker that reads large drawings. */
import { answerQuestions } from "../../lab/ask_worker.ts";
import { DrawingError, readDrawing } from "./read_drawing.ts";

/** The 784 pixels of a drawing, or a message for the sender that says what is wrong with the file. */
export type DrawingReply = { pixels: Uint8Array } | { unreadable: string };

answerQuestions((png: Uint8Array): DrawingReply => {
  try {
    return { pixels: readDrawing(png) };
  } catch (error) {
    if (error instanceof DrawingError) return { unreadable: error.message };
    throw error;
  }
});
