/** Gateway API durations (GEP-2257): one to four whole numbers with a unit of h, m, s or ms. */

const unitMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const part = /([0-9]{1,5})(ms|h|m|s)/g;

const whole = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;

export const isDuration = (text: string): boolean => whole.test(text);

/** Returns the milliseconds of a valid duration, such as `1h30m` or `500ms`. */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(part)) total += Number(amount) * (unitMs[unit] ?? 0);
  return total;
}

/** Returns the shortest duration string for whole milliseconds: `5400000` is `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, size] of Object.entries(unitMs)) {
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text || '0s';
}
