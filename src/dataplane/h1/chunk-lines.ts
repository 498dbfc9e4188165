/** The two kinds of lines inside a chunked body: chunk extensions and trailer fields (RFC 9112 §7.1.1 and §7.1.2). */
import { fieldValueBytes, skipText, tokenBytes } from '../http/ascii.ts';
import { Field, classify } from '../http/fields.ts';
import { refusals } from '../http/refusals.ts';
import type { Refusal } from '../http/refusals.ts';

/**
 * `*( ";" name [ "=" ( token / quoted-string ) ] )`. The grammar also allows bad white space; we do not, because servers differ in how they
 * read unusual extensions, and that difference makes request smuggling possible.
 */
export function extensionRefusal(line: string): Refusal | undefined {
  for (let at = 0; at < line.length;) {
    const nameEnd = line[at] === ';' ? skipText(tokenBytes, line, at + 1) : at + 1;
    if (nameEnd === at + 1) return refusals.InvalidChunkExtension;
    at = line[nameEnd] === '=' ? extensionValueEnd(line, nameEnd + 1) : nameEnd;
    if (at < 0) return refusals.InvalidChunkExtension;
  }
  return undefined;
}

/** Returns the offset after a token or quoted-string; -1 if there is neither. */
function extensionValueEnd(line: string, start: number): number {
  if (line[start] !== '"') {
    const end = skipText(tokenBytes, line, start);
    return end === start ? -1 : end;
  }
  for (let at = start + 1; at < line.length && fieldValueBytes[line.charCodeAt(at)] === 1; at++) {
    if (line[at] === '"') return at + 1;
    at += line[at] === '\\' ? 1 : 0;
  }
  return -1;
}

const forbiddenNames = new Set([
  'authorization',
  'proxy-authorization',
  'content-encoding',
  'content-type',
  'content-range',
  'trailer',
  'cache-control',
]);

/**
 * RFC 9110 §6.5.1: a trailer must not affect framing, routing, authentication or the interpretation of the content. Some servers merge
 * trailers into the headers, which would override what the proxy has checked and set.
 */
export function trailerRefusal(line: string): Refusal | undefined {
  const nameEnd = skipText(tokenBytes, line, 0);
  if (nameEnd === 0 || line[nameEnd] !== ':' || skipText(fieldValueBytes, line, nameEnd + 1) !== line.length) {
    return refusals.InvalidTrailer;
  }
  const name = line.slice(0, nameEnd);
  const bytes = Buffer.from(name, 'latin1');
  const isForbidden = classify(bytes, 0, nameEnd) !== Field.Other || forbiddenNames.has(name.toLowerCase());
  return isForbidden ? refusals.ForbiddenTrailer : undefined;
}
