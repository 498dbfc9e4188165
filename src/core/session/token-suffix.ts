/**
 * A token behind the app's own session id, for sessions that the app owns: `<id>~<token>`. `~` is legal in a cookie value (RFC 6265
 * section 4.1.1, cookie-octet), in a header value and unescaped in a URL, and a token has a fixed length: the last 70 characters of a
 * value decide, whatever the id contains.
 *
 * The id and the token are told apart by their form alone, without a key: a token that no longer verifies must not reach the app either.
 */
import { tokenLength, tokenFormat } from './token.ts';

const separator = '~';
export const suffixLength = separator.length + tokenLength;

const suffixForm = new RegExp(separator + tokenFormat, 'y');

/** Returns where the id ends in the text before `end`: at the separator, or at `end` if no token follows it. */
export function idEnd(text: string, end: number): number {
  const start = end - suffixLength;
  if (start < 0) return end;
  suffixForm.lastIndex = start;
  return suffixForm.test(text) ? start : end;
}

/** Returns the token behind an id; undefined if there is none. */
export function tokenBehind(value: string): string | undefined {
  const end = idEnd(value, value.length);
  return end === value.length ? undefined : value.slice(end + separator.length);
}

export const tokenSuffix = (token: string): string => separator + token;

const suffixes = new RegExp(`${separator}${tokenFormat}(?=[ \\t]*(?:,|$))`, 'g');

/** Returns a header value without the tokens behind its ids, of which an intermediary may have joined several with commas. */
export const withoutSuffixes = (value: string): string => value.replaceAll(suffixes, '');
