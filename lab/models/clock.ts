/** Time that does not run backwards. */
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Now in Unix ms, or `latest` if the clock is up to a day behind it, so that later things do not look older: a clock
 * may be set back by its owner, the network or another system on the machine. If it is further behind, it was wrong
 * before.
 */
export function notBefore(latest: number, now: number = Date.now()): number {
  return now < latest && latest - now <= DAY_MS ? latest : now;
}
