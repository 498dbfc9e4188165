/**
 * Finds the end of a message body (RFC 9112 §6 and §7): a state machine that accepts the bytes in any pieces. It checks and counts, but copies
 * nothing: it notes which parts of a chunked body must not be forwarded as they are (`chunk-edits.ts`).
 *
 *   length     ──n bytes──► done
 *   untilClose ──(end of connection)──► done
 *   chunked    Size ─;─► Extension      Size, Extension ─CRLF─► Data (size > 0) ─CRLF─► Size
 *                                       Size, Extension ─CRLF─► Trailer (size 0) ─field CRLF─► Trailer ─CRLF─► done
 */
import { CR, LF, byteAt, hexValue } from '../http/ascii.ts';
import { isShortest, maxForwardedChunk, sizeLine } from './chunk-edits.ts';
import type { ChunkEdit } from './chunk-edits.ts';
import { extensionRefusal, trailerRefusal } from './chunk-lines.ts';
import type { HiddenTrailer } from './chunk-lines.ts';
import { refusals } from '../http/refusals.ts';
import type { Refusal } from '../http/refusals.ts';

export type Framing =
  | { kind: 'none' }
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  | { kind: 'untilClose' };

const Step = { Size: 0, Extension: 1, SizeLf: 2, Data: 3, DataCr: 4, DataLf: 5, Trailer: 6, TrailerLf: 7 } as const;

export type Body = {
  readonly kind: Framing['kind'];
  done: boolean;
  refusal: Refusal | undefined;
  /** Bytes left of the content, or of the chunk. */
  remaining: number;
  step: (typeof Step)[keyof typeof Step];
  sizeDigits: number;
  /** The extension or trailer line read so far. */
  line: string;
  extensionBytes: number;
  trailerBytes: number;
  /** Where the current size or trailer line began in the current read, and whether an earlier read has its beginning, which was held back. */
  lineStart: number;
  lineContinues: boolean;
  /** The current chunk is too large to be forwarded as one. */
  splitsChunk: boolean;
  /** What of the last read must not be forwarded as it is. */
  edits: ChunkEdit[];
  readonly onContent: ContentHandler | undefined;
  /** Set before the trailers arrive. */
  isHiddenTrailer: HiddenTrailer | undefined;
};

/** Called with each piece of content, without framing. */
export type ContentHandler = (bytes: Uint8Array, from: number, to: number) => void;

// Sixteen digits hold every safe integer with leading zeros; more is padding that no legitimate client sends.
const maxSizeDigits = 16;
// An extension on every one-byte chunk costs the receiver a thousand times the content (CVE-2024-22019): bounded for the whole body.
const maxExtensionBytes = 16 * 1024;
const maxTrailerBytes = 16 * 1024;

/** The empty body, which is complete from the start: never modified, so it is shared by all messages. */
const emptyBody: Body = createBody({ kind: 'length', bytes: 0 });

export function createBody(framing: Framing, onContent?: ContentHandler): Body {
  if (framing.kind === 'none') return emptyBody;
  const remaining = framing.kind === 'length' ? framing.bytes : 0;
  return {
    kind: framing.kind,
    done: framing.kind === 'length' && remaining === 0,
    refusal: undefined,
    remaining,
    step: Step.Size,
    sizeDigits: 0,
    line: '',
    extensionBytes: 0,
    trailerBytes: 0,
    lineStart: 0,
    lineContinues: false,
    splitsChunk: false,
    edits: [],
    onContent,
    isHiddenTrailer: undefined,
  };
}

/** Reads what belongs to the body from [from, to) and returns where that ends. Afterwards check `done` and `refusal`. */
export function readBody(body: Body, bytes: Uint8Array, from: number, to: number): number {
  if (body.done || from === to) return from;
  if (body.kind === 'chunked') return readChunks(body, bytes, from, to);
  const end = body.kind === 'length' ? Math.min(to, from + body.remaining) : to;
  body.remaining -= end - from;
  body.done = body.kind === 'length' && body.remaining === 0;
  body.onContent?.(bytes, from, end);
  return end;
}

function readChunks(body: Body, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  if (body.edits.length > 0) body.edits = [];
  body.lineStart = from;
  body.lineContinues = isInLine(body);
  while (at < to && !body.done && body.refusal === undefined) {
    if (body.step === Step.Data) {
      const end = Math.min(to, at + body.remaining);
      readContent(body, bytes, at, end);
      at = end;
    } else {
      takeFramingByte(body, byteAt(bytes, at), at);
      at += 1;
    }
  }
  // Whether a line may be forwarded is known when it has ended.
  if (isInLine(body)) edit(body, { from: body.lineStart, to: at, text: '' });
  return at;
}

function readContent(body: Body, bytes: Uint8Array, from: number, to: number): void {
  body.onContent?.(bytes, from, to);
  body.remaining -= to - from;
  if (body.splitsChunk) {
    edit(body, { from, to: from, text: sizeLine(to - from) });
    edit(body, { from: to, to, text: '\r\n' });
  }
  if (body.remaining === 0) body.step = Step.DataCr;
}

function edit(body: Body, made: ChunkEdit): void {
  body.edits.push(made);
}

function isInLine({ step, sizeDigits, line }: Body): boolean {
  if (step === Step.Size) return sizeDigits > 0;
  return (
    step === Step.Extension || step === Step.SizeLf || step === Step.TrailerLf || (step === Step.Trailer && line !== '')
  );
}

function beginLine(body: Body, at: number): void {
  body.lineStart = at;
  body.lineContinues = false;
}

function takeFramingByte(body: Body, byte: number, at: number): void {
  switch (body.step) {
    case Step.Size:
      takeSizeByte(body, byte);
      return;
    case Step.Extension:
      takeExtensionByte(body, byte);
      return;
    case Step.SizeLf:
      expect(body, byte === LF, refusals.BareCarriageReturn);
      beginChunk(body, at + 1);
      return;
    case Step.DataCr:
      expect(body, byte === CR, refusals.InvalidChunkEnd);
      if (body.splitsChunk) edit(body, { from: at, to: at + 1, text: '' });
      body.step = Step.DataLf;
      return;
    case Step.DataLf:
      expect(body, byte === LF, refusals.InvalidChunkEnd);
      endChunk(body, at);
      return;
    case Step.Trailer:
      takeTrailerByte(body, byte);
      return;
    case Step.TrailerLf:
      expect(body, byte === LF, refusals.BareCarriageReturn);
      endTrailer(body, at + 1);
      return;
    case Step.Data:
  }
}

function expect(body: Body, holds: boolean, refusal: Refusal | undefined): void {
  if (!holds) body.refusal ??= refusal;
}

function takeSizeByte(body: Body, byte: number): void {
  const digit = byteAt(hexValue, byte);
  if (digit !== 255) {
    body.sizeDigits += 1;
    body.remaining = body.remaining * 16 + digit;
    expect(body, body.sizeDigits <= maxSizeDigits && Number.isSafeInteger(body.remaining), refusals.InvalidChunkSize);
    return;
  }
  expect(body, body.sizeDigits > 0, refusals.InvalidChunkSize);
  if (byte === CR) {
    body.step = Step.SizeLf;
    return;
  }
  expect(body, byte === 0x3b, byte === LF ? refusals.BareLineFeed : refusals.InvalidChunkSize);
  body.step = Step.Extension;
  body.line = ';';
}

function takeExtensionByte(body: Body, byte: number): void {
  if (byte === CR) {
    body.refusal = extensionRefusal(body.line);
    body.step = Step.SizeLf;
    return;
  }
  body.extensionBytes += 1;
  body.line += String.fromCharCode(byte);
  expect(body, byte !== LF, refusals.BareLineFeed);
  expect(body, body.extensionBytes <= maxExtensionBytes, refusals.ChunkExtensionTooLarge);
}

/** `at`: after the size line. */
function beginChunk(body: Body, at: number): void {
  body.splitsChunk = body.remaining > maxForwardedChunk;
  const isPlain = body.line === '' && !body.splitsChunk && isShortest(body.remaining, body.sizeDigits);
  if (body.lineContinues || !isPlain) {
    edit(body, { from: body.lineStart, to: at, text: body.splitsChunk ? '' : sizeLine(body.remaining) });
  }
  body.step = body.remaining === 0 ? Step.Trailer : Step.Data;
  body.line = '';
  beginLine(body, at);
}

/** `at`: of the line feed after its content. */
function endChunk(body: Body, at: number): void {
  if (body.splitsChunk) edit(body, { from: at, to: at + 1, text: '' });
  body.step = Step.Size;
  body.sizeDigits = 0;
  beginLine(body, at + 1);
}

function takeTrailerByte(body: Body, byte: number): void {
  if (byte === CR) {
    body.step = Step.TrailerLf;
    return;
  }
  body.trailerBytes += 1;
  body.line += String.fromCharCode(byte);
  expect(body, byte !== LF, refusals.BareLineFeed);
  expect(body, body.trailerBytes <= maxTrailerBytes, refusals.TrailersTooLarge);
}

/** `at`: after the line. */
function endTrailer(body: Body, at: number): void {
  if (body.lineContinues) edit(body, { from: body.lineStart, to: at, text: `${body.line}\r\n` });
  beginLine(body, at);
  if (body.line === '') {
    body.done = body.refusal === undefined;
    return;
  }
  body.refusal ??= trailerRefusal(body.line, body.isHiddenTrailer);
  body.step = Step.Trailer;
  body.line = '';
}
