/**
 * The cookies that a response sets (RFC 6265 section 5.2).
 *
 *     set-cookie-string = blanks name blanks "=" value *( ";" attribute )
 */
import { parseCookieDate } from './cookie-date.ts';
import { trimmedEnd, unquotedEnd } from './cookies.ts';
import type { HeaderField } from './header-fields.ts';

/** Returns the name of the cookie that a line sets or removes; empty if it has none. */
export function cookieNameOf(line: string): string {
  const equals = line.indexOf('=');
  return equals < 0 || equals > pairEnd(line) ? '' : line.slice(0, equals).trim();
}

const valueOf = (line: string): string => line.slice(line.indexOf('=') + 1, pairEnd(line)).trim();

function pairEnd(line: string): number {
  const end = line.indexOf(';');
  return end < 0 ? line.length : end;
}

/** Returns the length of `name=value`, in bytes: a head is read as latin1. */
export const pairLength = (line: string): number => line.slice(0, pairEnd(line)).trim().length;

/** Returns the line with a text at the end of the cookie's value, within its quotes. */
export function appendToValue(line: string, suffix: string): string {
  let start = line.indexOf('=') + 1;
  while (line[start] === ' ' || line[start] === '\t') start += 1;
  const end = unquotedEnd(line, start, trimmedEnd(line, start, pairEnd(line)));
  return line.slice(0, end) + suffix + line.slice(end);
}

/**
 * Returns whether a line removes the cookie of this name: its value is empty, or it has expired. Max-Age takes precedence over Expires.
 */
export function expiresCookie(line: string, name: string, nowMs: number): boolean {
  if (cookieNameOf(line) !== name) return false;
  const value = valueOf(line);
  if (value === '' || value === '""') return true;
  const maxAge = attributeOf(line, 'max-age');
  if (maxAge !== undefined && /^-?[0-9]+$/.test(maxAge)) return Number(maxAge) <= 0;
  const expiresMs = parseCookieDate(attributeOf(line, 'expires') ?? '');
  return expiresMs !== undefined && expiresMs <= nowMs;
}

/** Returns the last value of an attribute, the one that counts. `name`: in lower case. */
export function attributeOf(line: string, name: string): string | undefined {
  const [, ...attributes] = line.split(';').map((part) => part.trim());
  const found = attributes.findLast((attribute) => attribute.slice(0, name.length + 1).toLowerCase() === `${name}=`);
  return found?.slice(name.length + 1).trim();
}

/** `line`: a set-cookie-string. */
export const setCookie = (line: string): HeaderField => ({ name: 'Set-Cookie', value: line });
