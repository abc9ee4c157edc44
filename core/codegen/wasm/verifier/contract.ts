/** What a function of a module may be called with, and which memory it may touch. */

/** Thrown when emitted code cannot be shown to stay within the memory that it may use. */
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

/** What a caller has to keep to for an argument: `lo`, or a multiple of `step` more, up to `hi`. */
export interface ArgumentRange extends Range {
  /** @default 1 */
  readonly step?: number;
}

/** What a function may be called with and what it may touch. */
export interface Contract {
  /** For each parameter; undefined for one that may be anything. */
  readonly arguments: readonly (ArgumentRange | undefined)[];
  /** What it may write, and read. */
  readonly writes: readonly Span[];
  /** What it may read besides. */
  readonly reads: readonly Span[];
  /** The parameter that is the address of scratch memory, which belongs to the caller alone, and its size in bytes. */
  readonly scratch?: { readonly parameter: number; readonly bytes: number };
}

/**
 * Requires all that a contract names to lie in a memory of `bytes` bytes.
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
