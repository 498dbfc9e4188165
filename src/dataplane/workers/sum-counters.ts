/** Sums the counters of several processes: plain objects, lists and maps of numbers, of the same shape. Pure. */
import { isRecord } from '../../platform/record.ts';

/** What only one of them has counts as 0 in the other. */
export function sumCounters<T>(one: T, other: T): T;
export function sumCounters(one: unknown, other: unknown): unknown {
  if (one === undefined) return other;
  if (other === undefined) return one;
  if (typeof one === 'number' && typeof other === 'number') return one + other;
  if (Array.isArray(one) && Array.isArray(other)) {
    return Array.from({ length: Math.max(one.length, other.length) }, (_, at): unknown =>
      sumCounters<unknown>(one[at], other[at]),
    );
  }
  if (one instanceof Map && other instanceof Map) {
    return new Map(
      [...one.keys(), ...other.keys()].map((key) => [key, sumCounters<unknown>(one.get(key), other.get(key))]),
    );
  }
  if (isRecord(one) && isRecord(other)) {
    const names = Object.keys({ ...one, ...other });
    return Object.fromEntries(names.map((name) => [name, sumCounters<unknown>(one[name], other[name])]));
  }
  return one;
}
