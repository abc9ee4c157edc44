import { scheduleFactor, type ScheduleName } from "../../../core/training/learning_rate_schedules.ts";

const WIDTH = 240, HEIGHT = 40, STEPS = 100;

/** The learning rate over a training run, from its first step to its last, as a curve between 0 and the rate itself. */
export function SchedulePicture({ schedule }: { schedule: ScheduleName }) {
  const points = Array.from({ length: STEPS }, (_, step) => {
    const factor = scheduleFactor(schedule, step, STEPS);
    return `${(step / (STEPS - 1) * WIDTH).toFixed(1)},${((1 - factor) * HEIGHT).toFixed(1)}`;
  });
  return (
    <svg class="schedule" viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
