/** Time that does not run backwards. */
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Now in Unix ms, or `latest` if the clock is up to a day behind it, so that newer things do not look older: the user,
 * the network or another system on the machine may set the clock back. If it is further behind, it must have been wrong
 * before.
 */
export function notBefore(latest: number, now: number = Date.now()): number {
  return now < latest && latest - now <= DAY_MS ? latest : now;
}
