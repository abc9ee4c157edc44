/** Shares places among clients. */

/**
 * Whether a client that has `own` of `max` places, `taken` of which are taken, may have another one. It may have as
 * many as are left free, so one client alone can have half of all, two clients a third each, and so on: there
 * is always room for a client that has none.
 */
export function mayTakePlace({ own, taken, max }: { own: number; taken: number; max: number }): boolean {
  return own <= max - taken && taken < max;
}
