/** Entry point of the analysis thread; a ConvNN takes seconds for the test digits. */
import { analyse, type AnalysisQuestion, type AnalysisReply } from "../../lab/analysis/confusion_matrix.ts";
import { answerQuestions } from "../../lab/ask_worker.ts";
import { readTestDigits } from "../../service/dataset/dataset.ts";

answerQuestions<AnalysisQuestion, AnalysisReply>((question) => analyse(question, readTestDigits));
