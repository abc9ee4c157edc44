/** Entry point of a thread of the pool. */
import { CONTROL, LEAVE } from "./control.ts";
import type { RunSteps } from "./program.ts";
import type { Assignment } from "./thread_pool.ts";

self.onmessage = ({ data }: MessageEvent<Assignment>) => {
  const { memory, modules, worker, control: controlAt } = data;
  const programs = modules.map((module) =>
    new WebAssembly.Instance(module, { env: { memory } }).exports.run as RunSteps
  );
  const control = new Int32Array(memory.buffer, controlAt, CONTROL.steps + 1);
  // A session begins with command 0. The first may have been given while this thread was starting.
  for (let seen = 0;; seen++) {
    Atomics.wait(control, CONTROL.command, seen);
    const program = control[CONTROL.program];
    if (program === LEAVE || Atomics.load(control, CONTROL.stop) !== 0) return;
    programs[program](control[CONTROL.firstRow], control[CONTROL.steps], worker);
  }
};
