/** Entry point of the import thread; large files take seconds. */
import { answerQuestions } from "../../lab/ask_worker.ts";
import { importAnswerer, weightsIn } from "../../lab/imports/answer_import.ts";
import type { ImportQuestion, ImportReply } from "../../lab/imports/import_thread.ts";
import { readTestDigits } from "../../service/dataset/dataset.ts";

answerQuestions<ImportQuestion, ImportReply>(importAnswerer(readTestDigits), weightsIn);
