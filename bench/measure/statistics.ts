/** Median and quantiles of many measurements: one interruption would distort a mean. */

/** Returns the value below which `share` of the measurements lie (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const found = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
  if (found === undefined) throw new Error('cannot compute a quantile of no measurements');
  return found;
}

/** Of an even number of measurements: the middle between the two middle ones. */
export function median(values: readonly number[]): number {
  const upper = values.length % 2 === 0 ? (values.length / 2 + 1) / values.length : 0.5;
  return (quantile(values, 0.5) + quantile(values, upper)) / 2;
}
