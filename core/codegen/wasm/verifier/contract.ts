/** Contracts of functions: the arguments that they may be called with, and the memory that they may touch. */

/** Thrown when emitted code cannot be proved to stay within the memory that it may use. */
export class UnsafeCodeError extends Error {
  override name = "UnsafeCodeError";
}

/** Bytes of memory from `start` (included) to `end` (excluded). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Whole numbers from `lo` to `hi`, both included. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
}

/** The values allowed for an argument: `lo` plus a multiple of `step`, up to `hi`. */
export interface ArgumentRange extends Range {
  /** @default 1 */
  readonly step?: number;
}

/** The arguments that a function accepts and the memory that it may touch. */
export interface Contract {
  /** For each parameter; undefined if it may have any value. */
  readonly arguments: readonly (ArgumentRange | undefined)[];
  /** Memory that it may write and read. */
  readonly writes: readonly Span[];
  /** Memory that it may only read. */
  readonly reads: readonly Span[];
  /** The parameter with the address of scratch memory, which only the caller uses, and the memory's size in bytes. */
  readonly scratch?: { readonly parameter: number; readonly bytes: number };
}

/**
 * Requires all memory that a contract names to be within the first `bytes` bytes.
 * @throws {UnsafeCodeError} when it does not.
 */
export function requireWithin({ reads, writes, scratch, arguments: ranges }: Contract, bytes: number): void {
  const base = scratch && ranges[scratch.parameter];
  if (scratch && base === undefined) throw new UnsafeCodeError("its scratch memory may be anywhere");
  const scratchSpans = base ? [{ start: base.lo, end: base.hi + scratch!.bytes }] : [];
  for (const { start, end } of [...reads, ...writes, ...scratchSpans]) {
    if (start < 0 || end > bytes) throw new UnsafeCodeError(`bytes ${start} to ${end} are not all in the memory`);
  }
}
