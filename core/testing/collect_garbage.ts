/** For tests of memory: what is left after it is what is held. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** V8 leaves garbage lie for as long as there is room, hundreds of megabytes of it. */
export function collectGarbage(): void {
  if (collect === undefined) {
    // A context that is made after the flag was set has the function.
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
