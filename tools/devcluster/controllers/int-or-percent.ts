/** Counts that may be given as a percentage (`intstr` of Kubernetes). */
import type { IntOrPercent } from './objects.ts';

/** Returns a count as it is, and a percentage as its share of `total`, rounded. */
export function resolveCount(value: IntOrPercent, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) throw new Error(`invalid value for IntOrString: invalid type: string is not a percentage`);
  // Multiplied before it is divided: 0.29 × 100 would be 28.999….
  const exact = (Number(percent) * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
