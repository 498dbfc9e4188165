/** Byte classes of RFC 9110 and RFC 9112 as 256-entry tables: one load decides a byte. */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

function byteTable(member: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (member(byte) ? 1 : 0));
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;
const isLetter = (byte: number): boolean => isUpper(byte) || (byte >= 0x61 && byte <= 0x7a);
const oneOf = (characters: string) => (byte: number) => characters.includes(String.fromCharCode(byte));
const isTokenMark = oneOf("!#$%&'*+-.^_`|~");
const isHostMark = oneOf("-._~%!$&'()*+,;=");

/** tchar, RFC 9110 §5.6.2. */
export const tokenBytes = byteTable((byte) => isDigit(byte) || isLetter(byte) || isTokenMark(byte));

/** field-vchar, SP and HTAB, RFC 9110 §5.5: no control character but HTAB. */
export const fieldValueBytes = byteTable((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/**
 * The bytes of a request-target. Wider than RFC 3986, because browsers send `|`, `[` or `{` unescaped, but never a blank, a control
 * character, a fragment or a byte above ASCII: with those, two parsers may read two different targets.
 */
export const targetBytes = byteTable((byte) => byte > SP && byte < 0x7f && byte !== 0x23);

/** reg-name, RFC 3986 §3.2.2. */
export const hostBytes = byteTable((byte) => isDigit(byte) || isLetter(byte) || isHostMark(byte));

/** Inside the brackets of an IP-literal. */
export const addressBytes = byteTable((byte) => isDigit(byte) || isLetter(byte) || byte === COLON || byte === 0x2e);

export const digitBytes = byteTable(isDigit);

/** ASCII lower case. */
export const lowerCase = Uint8Array.from({ length: 256 }, (_, byte) => (isUpper(byte) ? byte | 0x20 : byte));

/** ASCII lower case, and `-` for `_`: CGI, WSGI and Rack read header names that differ only in these as one. */
export const foldedNames = lowerCase.map((byte) => (byte === 0x5f ? 0x2d : byte));

/** The value of a hexadecimal digit; 255 for every other byte. */
export const hexValue = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase());
  return value < 0 ? 255 : value;
});

/** Returns the byte at an offset; beyond the end 0, which is in no table. */
export const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

/** Returns the first offset from `from` on, at most `end`, whose byte is not in the table. */
export function skip(table: Uint8Array, bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && table[byteAt(bytes, at)] === 1) at += 1;
  return at;
}

/** Like `skip`, for a string whose characters are bytes (latin1). */
export function skipText(table: Uint8Array, text: string, from: number): number {
  let at = from;
  while (at < text.length && table[text.charCodeAt(at)] === 1) at += 1;
  return at;
}

/** Whether the bytes [from, to) are this text, which is in ASCII: a comparison without a string for the bytes. */
export function isText(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let at = 0; at < text.length; at += 1) if (bytes[from + at] !== text.charCodeAt(at)) return false;
  return true;
}

/**
 * Returns the UTF-8 bytes of a text as a latin1 string, the form in which heads are written. Otherwise a character beyond latin1 would become
 * another one, possibly a line break.
 */
export const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
