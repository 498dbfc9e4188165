/** A set of header names, found in the bytes of a head by length and folded bytes without creating a string. */
import { byteAt, foldedNames } from './ascii.ts';

export interface HeaderNames {
  readonly size: number;
  /** Returns the name of the set that the header name at [start, end) is, in any case and with `_` for `-`; or undefined. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** Whether the header name at [start, end) of a latin1 string is one of them. */
  has(text: string, start: number, end: number): boolean;
}

export const noHeaderNames: HeaderNames = { size: 0, find: () => undefined, has: () => false };

/**
 * CGI, WSGI and Rack treat `_` and `-` alike: X_Session reaches such an app as X-Session.
 * Returns the form in which two names of the same header are equal.
 */
export const foldName = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/** `names`: in the form of `foldName`. */
export function createHeaderNames(names: Iterable<string>): HeaderNames {
  const byLength: { name: string; bytes: Uint8Array }[][] = [];
  let size = 0;
  for (const name of new Set(names)) {
    (byLength[name.length] ??= []).push({ name, bytes: Buffer.from(name, 'latin1') });
    size += 1;
  }
  if (size === 0) return noHeaderNames;
  return {
    size,
    find(bytes, start, end) {
      for (const candidate of byLength[end - start] ?? none) {
        if (equals(bytes, start, candidate.bytes)) return candidate.name;
      }
      return undefined;
    },
    has: (text, start, end) => (byLength[end - start] ?? none).some(({ bytes }) => equalsText(text, start, bytes)),
  };
}

const none: readonly never[] = [];

function equals(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at += 1) {
    if (foldedNames[byteAt(bytes, start + at)] !== wanted[at]) return false;
  }
  return true;
}

function equalsText(text: string, start: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at += 1) {
    if (foldedNames[text.charCodeAt(start + at)] !== wanted[at]) return false;
  }
  return true;
}
