/**
 * RFC 9110 §6.5.1: a trailer must not affect framing, routing, authentication or the interpretation of the content. Some servers merge
 * trailers into the headers, which would override what the proxy has checked and set.
 */
import { Field, classify } from './fields.ts';
import { createHeaderNames } from './header-names.ts';

const forbidden = createHeaderNames([
  'authorization',
  'proxy-authorization',
  'content-encoding',
  'content-type',
  'content-range',
  'trailer',
  'cache-control',
]);

/** Of a field whose name is at [start, end). */
export const isForbiddenTrailer = (bytes: Uint8Array, start: number, end: number): boolean =>
  classify(bytes, start, end) !== Field.Other || forbidden.find(bytes, start, end) !== undefined;
