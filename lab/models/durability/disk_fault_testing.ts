/** For tests: a disk that becomes full. Writes of this process fail as they would with a real full disk. */
import { basename } from "node:path";

interface DiskFault {
  /** The first write that fails, counted from 1: a part of a file, its sync, a new file, a rename. */
  point: number;
  /** Whether there is no room until the end, or room again at once (because something else was deleted). */
  lasting: boolean;
}

/** Runs `task` on such a disk; returns whether it wrote often enough to hit the fault. */
export async function withFullDisk({ point, lasting }: DiskFault, task: () => Promise<void>): Promise<boolean> {
  const { open, writeFile, rename } = Deno;
  const { write, sync } = Deno.FsFile.prototype;
  let count = 0;
  const fails = () => ++count === point || (lasting && count > point);
  const full = (what: string) =>
    Object.assign(new Error(`No space left on device (os error 28): ${what}`), { code: "ENOSPC" });

  Deno.FsFile.prototype.write = async function (bytes) {
    if (!fails()) return await write.call(this, bytes);
    await write.call(this, bytes.subarray(0, bytes.length >> 1));
    throw full("write");
  };
  Deno.FsFile.prototype.sync = async function () {
    if (fails()) throw full("sync");
    await sync.call(this);
  };
  Deno.open = async (path, options) => {
    if ((options?.create || options?.createNew) && fails()) throw full(`open '${path}'`);
    return await open(path, options);
  };
  Deno.writeFile = async (path, data, options) => {
    if (fails()) throw full(`writefile '${path}'`);
    await writeFile(path, data, options);
  };
  Deno.rename = async (from, to) => {
    if (fails()) throw full(`rename '${from}' -> '${to}'`);
    await rename(from, to);
  };
  try {
    await task();
  } finally {
    Object.assign(Deno, { open, writeFile, rename });
    Object.assign(Deno.FsFile.prototype, { write, sync });
  }
  return count >= point;
}

/** Until the result is disposed of, this process cannot rename a file to `name`, as if the disk were full. */
export function refuseFile(name: string): Disposable {
  const { rename } = Deno;
  Deno.rename = (from, to) => {
    if (basename(`${to}`) !== name) return rename(from, to);
    return Promise.reject(Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" }));
  };
  return { [Symbol.dispose]: () => Object.assign(Deno, { rename }) };
}
