/** How the body of a message is framed (RFC 9112 §6.3). An ambiguous message is refused. */
import { byteAt, digitBytes, skip } from './ascii.ts';
import type { Framing } from './message.ts';
import { Field } from './fields.ts';
import { countOf, firstOf, listText, valueEnd, valueStart } from './head-fields.ts';
import type { Head } from './head.ts';
import { refusals } from './refusals.ts';
import type { Refusal } from './refusals.ts';

const none: Framing = Object.freeze({ kind: 'none' });
const chunked: Framing = Object.freeze({ kind: 'chunked' });
const untilClose: Framing = Object.freeze({ kind: 'untilClose' });

// Numbers of 15 digits are below 2^53, so every sum with them is exact.
const maxLengthDigits = 15;

export const requestFraming = (head: Head, hasUnknownLength: boolean): Framing | Refusal =>
  declaredFraming(head) ?? (hasUnknownLength ? chunked : none);

/** The body of a response also depends on the method of its request. */
export function responseFraming(head: Head, requestMethod: string): Framing | Refusal {
  const declared = declaredFraming(head);
  if (declared !== undefined && 'status' in declared) return declared;
  const bodiless = requestMethod === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304;
  return bodiless ? none : (declared ?? untilClose);
}

function declaredFraming(head: Head): Framing | Refusal | undefined {
  const { repeated } = head;
  if (repeated === undefined) return readFraming(head);
  if (repeated.framing !== undefined) return repeated.framing;
  const framing = readFraming(head);
  if (framing !== undefined && !('status' in framing)) repeated.framing = framing;
  return framing;
}

function readFraming(head: Head): Framing | Refusal | undefined {
  const lengths = countOf(head, Field.ContentLength);
  if (countOf(head, Field.TransferEncoding) > 0) {
    return lengths > 0 ? refusals.ContentLengthWithTransferEncoding : codedFraming(head);
  }
  if (lengths === 0) return undefined;
  return lengths === 1 ? lengthFraming(head) : refusals.DuplicateContentLength;
}

/** A list (`5, 5`) is refused even if its members agree. */
function lengthFraming(head: Head): Framing | Refusal {
  const index = firstOf(head, Field.ContentLength);
  const from = valueStart(head, index);
  const to = valueEnd(head, index);
  const isNumber = to > from && to - from <= maxLengthDigits && skip(digitBytes, head.bytes, from, to) === to;
  if (!isNumber) return refusals.InvalidContentLength;
  let bytes = 0;
  for (let at = from; at < to; at += 1) bytes = bytes * 10 + byteAt(head.bytes, at) - 0x30;
  return { kind: 'length', bytes };
}

function codedFraming(head: Head): Framing | Refusal {
  if (head.minorVersion === 0) return refusals.TransferEncodingInHttp10;
  const text = listText(head, Field.TransferEncoding);
  if (text.length === 7 && text.toLowerCase() === 'chunked') {
    // Other lines are empty: some parsers read the first line, or the last one.
    return countOf(head, Field.TransferEncoding) === 1 ? chunked : refusals.InvalidTransferEncoding;
  }
  const codings = text.split(',').map((coding) => coding.trim().toLowerCase());
  const endsInOneChunked = codings.indexOf('chunked') === codings.length - 1;
  return endsInOneChunked && !codings.includes('') ? refusals.UnknownTransferCoding : refusals.InvalidTransferEncoding;
}
