/** Reads drawings without keeping other requests waiting. */
import { HttpError } from "../../service/errors.ts";
import type { DrawingReply } from "./drawing_worker.ts";
import { DrawingError, readDrawing, readingCost } from "./read_drawing.ts";

/** Drawings up to this cost are read at once, in a few milliseconds: a page's own costs a third of it. */
const MAX_COST_AT_ONCE = 1024 * 1024;
/** Large drawings that may wait behind the one that is being read. */
const MAX_WAITING = 16;

interface Options {
  maxWaiting?: number;
  /** The worker's script. */
  script?: URL;
}

export class DrawingReader {
  readonly #maxWaiting: number;
  readonly #script: URL;
  #worker?: Worker;
  /** Whoever the worker still owes an answer, in its order. */
  #waiting: PromiseWithResolvers<Uint8Array>[] = [];

  constructor(options: Options = {}) {
    this.#maxWaiting = options.maxWaiting ?? MAX_WAITING;
    this.#script = options.script ?? new URL("./drawing_worker.ts", import.meta.url);
  }

  /**
   * Reads a PNG to 784 bytes, ink 255 on paper 0. Takes over the buffer of `png`.
   *
   * @throws {DrawingError} for a file that is unsound or blank
   * @throws {HttpError} 503 while too many large drawings are waiting
   */
  async read(png: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (readingCost(png) <= MAX_COST_AT_ONCE) return readDrawing(png);
    if (this.#waiting.length > this.#maxWaiting) {
      throw new HttpError(503, "too many large drawings at once; try again in a moment");
    }
    const answer = Promise.withResolvers<Uint8Array>();
    this.#waiting.push(answer);
    this.#worker ??= this.#start();
    this.#worker.postMessage(png, [png.buffer]);
    return await answer.promise;
  }

  /** Ends the worker; drawings that it has not read are given up. */
  close() {
    this.#end(new HttpError(503, "the service is shutting down"));
  }

  #start(): Worker {
    const worker = new Worker(this.#script, { type: "module", name: "drawings" });
    worker.onmessage = ({ data }: MessageEvent<DrawingReply>) => {
      if (worker !== this.#worker) return;
      const answer = this.#waiting.shift()!;
      if ("pixels" in data) answer.resolve(data.pixels);
      else answer.reject(new DrawingError(data.unreadable));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#end(new Error(`the worker that reads drawings broke down: ${event.message}`));
    };
    return worker;
  }

  /** What comes next is read by a new worker. One that is amid a drawing ends by itself when it has read it. */
  #end(reason: Error) {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const answer of this.#waiting.splice(0)) answer.reject(reason);
  }
}
