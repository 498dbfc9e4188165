/** How messages write counts, lists and times, the same way in every condition and event. */

/** `1 session`, `3 sessions`. */
export const formatCount = (count: number, noun: string): string => `${count} ${count === 1 ? noun : `${noun}s`}`;

/** `undefined`: the number is unknown, which is not zero. */
export const formatSessions = (sessions: number | undefined): string =>
  sessions === undefined ? 'an unknown number of sessions' : formatCount(sessions, 'session');

/** A bounded list, because messages become events and conditions: `a, b and 3 more`. */
export function formatList(items: readonly string[], options: { max: number; separator?: string }): string {
  const { max, separator = ', ' } = options;
  const shown = items.slice(0, max).join(separator);
  if (items.length <= max) return shown;
  return `${shown}${separator === ', ' ? ' ' : separator}and ${items.length - max} more`;
}

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes times. The time is an argument; no clock is read. */
export const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
