/** How the learning rate changes over a training run: PyTorch's schedulers, one step of the schedule for each step. */

/** The factor of the learning rate at a step, counted from 0, of a training run of `totalSteps` steps. */
type Schedule = (step: number, totalSteps: number) => number;

/** Half a period of a cosine, from `from` at 0 to `to` at 1. */
const anneal = (from: number, to: number, share: number) => to + (from - to) / 2 * (1 + Math.cos(Math.PI * share));

/** PyTorch's `CosineAnnealingLR` from 1 to 0, with `T_max` at the number of steps. */
const cosine: Schedule = (step, totalSteps) => anneal(1, 0, step / totalSteps);

/** The defaults of PyTorch's `OneCycleLR`. */
const RISING_SHARE = 0.3, FIRST_DIVISOR = 25, LAST_DIVISOR = 1e4;

/**
 * PyTorch's `OneCycleLR` with its default arguments and `max_lr` at the learning rate: rises for three tenths of the
 * steps, then falls to almost nothing (Smith and Topin, «Super-Convergence», 2018).
 */
const oneCycle: Schedule = (step, totalSteps) => {
  const first = 1 / FIRST_DIVISOR, last = first / LAST_DIVISOR;
  const top = RISING_SHARE * totalSteps - 1, end = totalSteps - 1;
  return step <= top ? anneal(first, 1, step / top) : anneal(1, last, (step - top) / (end - top));
};

const SCHEDULES = { constant: () => 1, cosine, one_cycle: oneCycle } satisfies Record<string, Schedule>;

/** The name of a schedule, as configurations spell it. */
export type ScheduleName = keyof typeof SCHEDULES;

/** The factor of the learning rate at `step`, counted from 0; 1 throughout for `constant`. */
export function scheduleFactor(schedule: ScheduleName, step: number, totalSteps: number): number {
  return SCHEDULES[schedule](step, totalSteps);
}
