/**
 * Scans the Cookie header (RFC 6265 section 4.2) for the cookies of one name, for reading and for removing them.
 *
 *     cookie-string = pair *( ";" pair )      pair = blanks name blanks [ "=" value ]
 *
 * No name has bytes above ASCII, and apps take some of them for blanks (0xA0, or 0x85): around a name, all of them count as blanks.
 *
 * A pair without `=` counts as a cookie with an empty value: some servers read it as one. Reading and removing share the
 * scanner, so that the app never sees a cookie that the proxy reads, and the proxy reads each one that it removes.
 *
 * Every step is linear in the header, whatever it holds: the stretches that `findCookie` and `pairEnd` look at do not overlap.
 */
import { appendedTo } from './short-lists.ts';

/** Returns the values of the cookies of one name, in the order in which they were sent. */
export function readCookies(headers: readonly string[], name: string): string[] {
  let values: string[] | undefined;
  for (const header of headers) {
    let at = findCookie(header, name, 0);
    while (at >= 0) {
      const end = pairEnd(header, at);
      values = appendedTo(values, valueOf(header, at + name.length, end));
      at = findCookie(header, name, end);
    }
  }
  return values ?? [];
}

/** Returns the value of a Cookie header without the cookies of one name; the same string if there are none. */
export function withoutCookie(header: string, name: string): string {
  let at = findCookie(header, name, 0);
  if (at < 0) return header;
  let kept = '';
  let from = 0;
  while (at >= 0) {
    kept = joinPairs(kept, header, from, pairBegin(header, at, from));
    from = pairEnd(header, at);
    at = findCookie(header, name, from);
  }
  return joinPairs(kept, header, from, header.length);
}

/**
 * Returns the value of a Cookie header without the cookies that `removes`; the same string if there are none. Asked for cookies whose
 * value begins with `start`, which mostly none does.
 */
export function withoutValues(
  header: string,
  start: string,
  removes: (name: string, value: string) => boolean,
): string {
  let kept = '';
  let from = 0;
  let passed = 0;
  for (let at = header.indexOf(start); at >= 0; at = header.indexOf(start, passed)) {
    const begin = pairBegin(header, at, passed);
    passed = pairEnd(header, at);
    const equalsAt = header.slice(begin, at).indexOf('=');
    if (
      equalsAt >= 0 &&
      removes(header.slice(begin, begin + equalsAt).trim(), valueOf(header, begin + equalsAt, passed))
    ) {
      kept = joinPairs(kept, header, from, begin);
      from = passed;
    }
  }
  return from === 0 ? header : joinPairs(kept, header, from, header.length);
}

/** Returns the offset of the first character of a pair that contains `at`. `from`: an offset in no later pair. */
function pairBegin(header: string, at: number, from: number): number {
  let begin = at;
  while (begin > from && header.charCodeAt(begin - 1) !== semicolon) begin -= 1;
  return begin;
}

/**
 * Returns the value of a Cookie header in which each value of one cookie ends where `endOf` says: it receives the header and the offset
 * behind the value, without its closing quote. The same string if nothing changes.
 */
export function shortenCookies(header: string, name: string, endOf: (header: string, end: number) => number): string {
  let kept = '';
  let from = 0;
  for (let at = findCookie(header, name, 0); at >= 0;) {
    const pairEndsAt = pairEnd(header, at);
    const { to } = valueBounds(header, at + name.length, pairEndsAt);
    const end = endOf(header, to);
    if (end < to) {
      kept += header.slice(from, end);
      from = to;
    }
    at = findCookie(header, name, pairEndsAt);
  }
  return from === 0 ? header : kept + header.slice(from);
}

/** Returns where the name of the next such cookie begins, from an offset on; -1 if there is none. */
function findCookie(header: string, name: string, from: number): number {
  for (let at = header.indexOf(name, from); at >= 0; at = header.indexOf(name, at + name.length)) {
    if (beginsPair(header, at, from) && endsName(header, at + name.length)) return at;
  }
  return -1;
}

/** Whether only blanks stand between an offset and the start of its pair. `from`: the start of a pair, or the `;` before one. */
function beginsPair(header: string, at: number, from: number): boolean {
  let before = at - 1;
  while (before >= from && isBesideName(header.charCodeAt(before))) before -= 1;
  return before < 0 || header.charCodeAt(before) === semicolon;
}

function endsName(header: string, at: number): boolean {
  const after = behindName(header, at, header.length);
  if (after === header.length) return true;
  const character = header.charCodeAt(after);
  return character === equals || character === semicolon;
}

/** Returns the offset of the `;` that ends the pair, or the end of the header. */
function pairEnd(header: string, at: number): number {
  const end = header.indexOf(';', at);
  return end < 0 ? header.length : end;
}

/** Returns the value of a pair whose name ends at `nameEnd`, without the blanks and quotes around it. */
function valueOf(header: string, nameEnd: number, end: number): string {
  const { from, to } = valueBounds(header, nameEnd, end);
  return header.slice(from, to);
}

function valueBounds(header: string, nameEnd: number, end: number): { from: number; to: number } {
  // Past the `=`; without one the pair ends here.
  const from = skipBlanks(header, behindName(header, nameEnd, end) + 1, end);
  const trimmed = trimmedEnd(header, from, end);
  const to = unquotedEnd(header, from, trimmed);
  return { from: to === trimmed ? from : from + 1, to };
}

/** Returns the end of [from, end) without the blanks before it. */
export function trimmedEnd(text: string, from: number, end: number): number {
  let to = end;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return to;
}

/** Returns the offset of the closing quote if the value at [from, end) is quoted; otherwise its end. */
export const unquotedEnd = (text: string, from: number, end: number): number =>
  end - from >= 2 && text.charCodeAt(from) === quote && text.charCodeAt(end - 1) === quote ? end - 1 : end;

/** Adds the pairs in [from, to) to those that are kept. `from` is the `;` after a removed pair, or the start of the header. */
function joinPairs(kept: string, header: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSeparator(header.charCodeAt(start))) start += 1;
  while (end > start && isSeparator(header.charCodeAt(end - 1))) end -= 1;
  if (start === end) return kept;
  // The remaining pairs keep their separators: the semicolon before a removed pair is removed with it.
  return kept === '' ? header.slice(start, end) : kept + header.slice(from, end);
}

function skipBlanks(header: string, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(header.charCodeAt(at))) at += 1;
  return at;
}

/** Returns the offset of the first character that is no blank after a name. */
function behindName(header: string, from: number, end: number): number {
  let at = from;
  while (at < end && isBesideName(header.charCodeAt(at))) at += 1;
  return at;
}

const semicolon = 0x3b;
const equals = 0x3d;
const quote = 0x22;

const isBlank = (character: number): boolean => character === 0x20 || character === 0x09;
const isBesideName = (character: number): boolean => isBlank(character) || character >= 0x80;
const isSeparator = (character: number): boolean => character === semicolon || isBlank(character);
