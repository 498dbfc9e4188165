/** What is left of many measurements: the middle and the tail, because a mean is moved by one interruption. */

/** The value below which `share` of the measurements lie (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const found = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
  if (found === undefined) throw new Error('no measurement to take a quantile of');
  return found;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
