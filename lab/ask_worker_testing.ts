/**
 * A worker for `ask_worker_test.ts`: returns a number after that many milliseconds, and fails or crashes when told to.
 */
import { answerQuestions } from "./ask_worker.ts";

answerQuestions<string | number | Uint8Array, unknown>(async (question) => {
  if (question === "fail") throw new Error("asked to fail");
  if (question === "crash") {
    setTimeout(() => {
      throw new Error("asked to crash");
    });
    await new Promise(() => {});
  }
  if (typeof question === "number") await new Promise((resolve) => setTimeout(resolve, question));
  return question;
}, (answer) => answer instanceof Uint8Array ? [answer.buffer] : []);
