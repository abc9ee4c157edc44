/** Entry point of a thread of the pool: runs a session's programs on command until it is told to leave. */
import type { RunSteps } from "../program.ts";
import { CONTROL, controlWords, FAILED, LEAVE } from "./control.ts";
import type { Assignment } from "./thread_pool.ts";

self.onmessage = ({ data }: MessageEvent<Assignment>) => {
  const control = controlWords(data.memory, data.control, data.threads);
  try {
    serve(data, control);
    Atomics.add(control, CONTROL.left, 1);
  } catch (error) {
    // Otherwise the others would wait for this thread at the next barrier.
    const isTrap = error instanceof WebAssembly.RuntimeError;
    if (!isTrap) console.error("a thread of the WASM backend:", error);
    Atomics.store(control, CONTROL.failed, isTrap ? FAILED.index : FAILED.other);
    Atomics.store(control, CONTROL.stop, 1);
  }
};

function serve({ memory, modules, thread }: Assignment, control: Int32Array): void {
  const programs = modules.map((module) =>
    new WebAssembly.Instance(module, { env: { memory } }).exports.run as RunSteps
  );
  // A session begins with command 0. The first command may have been given while this thread was starting.
  for (let seen = 0;; seen++) {
    Atomics.wait(control, CONTROL.commands + thread, seen);
    const program = control[CONTROL.program];
    if (program === LEAVE || Atomics.load(control, CONTROL.stop) !== 0) return;
    programs[program](control[CONTROL.firstRow], control[CONTROL.steps], thread, control[CONTROL.active]);
  }
}
