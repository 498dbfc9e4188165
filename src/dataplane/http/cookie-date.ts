/**
 * The date of a cookie's Expires attribute (RFC 6265 section 5.1.1): what browsers understand, which is more and less than `Date.parse`.
 * Servers still write `Thu, 01-Jan-1970 00:00:10 GMT` and years of two digits, and browsers ignore the attribute if it is no date, as in
 * `Expires=0`.
 */

const delimiters = /[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/;
const timeForm = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)/;
const dayForm = /^(\d{1,2})(?:\D|$)/;
const yearForm = /^(\d{2,4})(?:\D|$)/;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

type Parts = { time?: string[]; day?: number; month?: number; year?: number };

/** Returns Unix ms; undefined if browsers would not take it for a date. */
export function parseCookieDate(text: string): number | undefined {
  const parts: Parts = {};
  for (const token of text.split(delimiters)) takeToken(parts, token);
  // A part that is missing is NaN, and so is the date.
  const { time = [], day = NaN, month = NaN, year = NaN } = parts;
  const [, hour, minute, second] = time.map(Number);
  const atMs = Date.UTC(year, month, day, hour ?? NaN, minute, second);
  if (!isInRange({ year, hour, minute, second })) return undefined;
  // There is no day 0 and no 31 February.
  return new Date(atMs).getUTCDate() === day ? atMs : undefined;
}

type Range = { year: number; hour: number | undefined; minute: number | undefined; second: number | undefined };

const isInRange = ({ year, hour = NaN, minute = NaN, second = NaN }: Range): boolean =>
  year >= 1601 && hour <= 23 && minute <= 59 && second <= 59;

/** Each part is the first token that has its form, in this order. */
function takeToken(parts: Parts, token: string): void {
  const time = parts.time === undefined ? timeForm.exec(token) : null;
  const day = parts.day === undefined ? dayForm.exec(token) : null;
  const month = parts.month === undefined ? months.indexOf(token.slice(0, 3).toLowerCase()) : -1;
  const year = parts.year === undefined ? yearForm.exec(token) : null;
  if (time !== null) parts.time = time;
  else if (day !== null) parts.day = Number(day[1]);
  else if (month >= 0) parts.month = month;
  else if (year !== null) parts.year = fullYear(Number(year[1]));
}

function fullYear(year: number): number {
  if (year < 70) return year + 2000;
  return year < 100 ? year + 1900 : year;
}
