/** The two kinds of lines inside a chunked body: chunk extensions and trailer fields (RFC 9112 §7.1.1 and §7.1.2). */
import { fieldValueBytes, skipText, tokenBytes } from '../http/ascii.ts';
import { refusals } from '../http/refusals.ts';
import type { Refusal } from '../http/refusals.ts';
import { isForbiddenTrailer } from '../http/trailer-names.ts';

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

export function trailerRefusal(line: string): Refusal | undefined {
  const nameEnd = skipText(tokenBytes, line, 0);
  if (nameEnd === 0 || line[nameEnd] !== ':' || skipText(fieldValueBytes, line, nameEnd + 1) !== line.length) {
    return refusals.InvalidTrailer;
  }
  return isForbiddenTrailer(Buffer.from(line, 'latin1'), 0, nameEnd) ? refusals.ForbiddenTrailer : undefined;
}
