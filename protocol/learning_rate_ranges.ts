/**
 * Ranges by which the drawing page and `POST /predict` look models up: nobody remembers a rate to the last digit. Both
 * ends belong to a range. Choosing a range on the training page sets the rate to its middle.
 */
export const LEARNING_RATE_RANGES = {
  "Low": { min: 1e-5, max: 1e-4, middle: 0.000055 },
  "Medium Low": { min: 1e-4, max: 5e-4, middle: 0.0003 },
  "Medium High": { min: 5e-4, max: 1e-3, middle: 0.00075 },
  "High": { min: 1e-3, max: 1e-2, middle: 0.0055 },
} as const;

/** The name of a range, such as `Medium High`. */
export type LearningRateRange = keyof typeof LEARNING_RATE_RANGES;

/** The names of all ranges, from the lowest to the highest. */
export const LEARNING_RATE_RANGE_NAMES = Object.keys(LEARNING_RATE_RANGES) as LearningRateRange[];

/** Whether `learningRate` lies in `range`. */
export function isInRange(learningRate: number, range: LearningRateRange): boolean {
  const { min, max } = LEARNING_RATE_RANGES[range];
  return learningRate >= min && learningRate <= max;
}

/** The first range that contains `learningRate`, or undefined for a rate outside all of them. */
export function rangeOf(learningRate: number): LearningRateRange | undefined {
  return LEARNING_RATE_RANGE_NAMES.find((name) => isInRange(learningRate, name));
}
