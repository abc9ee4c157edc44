/**
 * Questions to a worker, each with one answer. `AskedWorker` is the asking side, `answerQuestions` the worker's. Needs
 * only the web's `Worker`, so it works in Deno and in browsers.
 */

type Reply<Answer> = { answer: Answer } | { error: string };

/**
 * Runs a worker script that calls `answerQuestions`. The first question starts it, and after a crash the next one
 * starts it again.
 */
export class AskedWorker<Question, Answer> {
  readonly #script: URL;
  readonly #name: string;
  #worker?: Worker;
  /** Callers that wait for an answer, in the order in which they asked. */
  #askers: PromiseWithResolvers<Answer>[] = [];

  /** @param name the worker's name, for messages and debuggers */
  constructor(script: URL, name: string) {
    this.#script = script;
    this.#name = name;
  }

  /** How many questions have no answer yet. */
  get waiting(): number {
    return this.#askers.length;
  }

  /**
   * Asks a question after all earlier ones; the objects in `transfer` are moved, not copied.
   *
   * @throws {Error} with the message of the worker's error, or saying that the worker crashed
   */
  ask(question: Question, transfer: Transferable[] = []): Promise<Answer> {
    this.#worker ??= this.#start();
    this.#worker.postMessage(question, transfer);
    const asker = Promise.withResolvers<Answer>();
    this.#askers.push(asker);
    return asker.promise;
  }

  /** Ends the worker; open questions are rejected with `reason`. A later question starts it again. */
  close(reason: Error = new Error(`the worker "${this.#name}" was closed`)): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const asker of this.#askers.splice(0)) asker.reject(reason);
  }

  #start(): Worker {
    const worker = new Worker(this.#script, { type: "module", name: this.#name });
    worker.onmessage = ({ data }: MessageEvent<Reply<Answer>>) => {
      // A worker that was closed may still have sent an answer.
      if (worker !== this.#worker) return;
      const asker = this.#askers.shift()!;
      if ("answer" in data) asker.resolve(data.answer);
      else asker.reject(new Error(data.error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.close(new Error(`the worker "${this.#name}" crashed: ${event.message}`));
    };
    return worker;
  }
}

/**
 * Called in a worker: answers each question with `answer`, one after the other. `transfer` lists the parts of an answer
 * that are moved instead of copied.
 */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
  transfer: (answer: Answer) => Transferable[] = () => [],
): void {
  const reply = async (question: Question) => {
    try {
      const answered = await answer(question);
      self.postMessage({ answer: answered } satisfies Reply<Answer>, { transfer: transfer(answered) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      self.postMessage({ error: message } satisfies Reply<Answer>);
    }
  };
  let turn: Promise<void> = Promise.resolve();
  self.onmessage = ({ data }: MessageEvent<Question>) => {
    turn = turn.then(() => reply(data));
  };
}
