/** A clock may be set back: by its owner, by the network, by another system on the same machine that thinks in local time. */

/** How far back a clock is not followed. Beyond, it was the time before that was wrong. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** Now in Unix ms, or `latest` where the clock stands at most a day before that: what comes later shall not look older. */
export function notBefore(latest: number, now: number = Date.now()): number {
  return now < latest && latest - now <= DAY_MS ? latest : now;
}
