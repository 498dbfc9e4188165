/**
 * Finds the content of a message body and its end (RFC 9112 §6 and §7): a state machine that accepts the bytes in any pieces. The chunks of one read
 * are moved together, in place, so that each read has one piece of content.
 *
 *   length     ──n bytes──► done
 *   untilClose ──(end of connection)──► done
 *   chunked    Size ─;─► Extension      Size, Extension ─CRLF─► Data (size > 0) ─CRLF─► Size
 *                                       Size, Extension ─CRLF─► Trailer (size 0) ─field CRLF─► Trailer ─CRLF─► done
 */
import { CR, LF, byteAt, hexValue } from '../http/ascii.ts';
import type { Framing } from '../http/message.ts';
import { refusals } from '../http/refusals.ts';
import type { Refusal } from '../http/refusals.ts';
import type { Range } from '../net/tcp-socket.ts';
import { extensionRefusal, trailerRefusal } from './chunk-lines.ts';

const Step = { Size: 0, Extension: 1, SizeLf: 2, Data: 3, DataCr: 4, DataLf: 5, Trailer: 6, TrailerLf: 7 } as const;

// Sixteen digits hold every safe integer with leading zeros; more is padding that no legitimate client sends.
const maxSizeDigits = 16;
// An extension on every one-byte chunk costs the receiver a thousand times the content (CVE-2024-22019): bounded for the whole body.
const maxExtensionBytes = 16 * 1024;
const maxTrailerBytes = 16 * 1024;

/** One for each direction of a connection, used again for each message. */
export class BodyReader {
  kind: Framing['kind'] = 'none';
  done = true;
  refusal: Refusal | undefined;
  /** Where the content of the last read is. */
  readonly content: Range = { from: 0, to: 0 };
  /** Trailer fields, each with its CRLF. */
  trailers = '';
  /** Bytes left of the content, or of the chunk. */
  remaining = 0;
  private step: (typeof Step)[keyof typeof Step] = Step.Size;
  private sizeDigits = 0;
  /** The extension or trailer line read so far. */
  private line = '';
  private extensionBytes = 0;

  begin(framing: Framing): void {
    this.kind = framing.kind;
    this.remaining = framing.kind === 'length' ? framing.bytes : 0;
    this.done = framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0);
    this.refusal = undefined;
    if (framing.kind !== 'chunked') return;
    this.trailers = '';
    this.step = Step.Size;
    this.sizeDigits = 0;
    this.line = '';
    this.extensionBytes = 0;
  }

  /** Reads what belongs to the body from [from, to) and returns where that ends. Afterwards check `content`, `done` and `refusal`. */
  read(bytes: Buffer, from: number, to: number): number {
    this.content.from = from;
    this.content.to = from;
    if (this.done) return from;
    if (this.kind === 'chunked') return this.readChunks(bytes, from, to);
    const end = this.kind === 'length' ? Math.min(to, from + this.remaining) : to;
    this.content.to = end;
    this.remaining -= end - from;
    this.done = this.kind === 'length' && this.remaining === 0;
    return end;
  }

  private readChunks(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && !this.done && this.refusal === undefined) {
      if (this.step === Step.Data) {
        const end = Math.min(to, at + this.remaining);
        this.addContent(bytes, at, end);
        at = end;
      } else {
        this.takeFramingByte(byteAt(bytes, at));
        at += 1;
      }
    }
    return at;
  }

  private addContent(bytes: Buffer, from: number, to: number): void {
    const { content } = this;
    if (content.from === content.to) {
      content.from = from;
      content.to = to;
    } else {
      bytes.copyWithin(content.to, from, to);
      content.to += to - from;
    }
    this.remaining -= to - from;
    if (this.remaining === 0) this.step = Step.DataCr;
  }

  private takeFramingByte(byte: number): void {
    switch (this.step) {
      case Step.Size:
        this.takeSizeByte(byte);
        return;
      case Step.Extension:
        this.takeExtensionByte(byte);
        return;
      case Step.SizeLf:
        this.expect(byte === LF, refusals.BareCarriageReturn);
        this.step = this.remaining === 0 ? Step.Trailer : Step.Data;
        this.line = '';
        return;
      case Step.DataCr:
        this.expect(byte === CR, refusals.InvalidChunkEnd);
        this.step = Step.DataLf;
        return;
      case Step.DataLf:
        this.expect(byte === LF, refusals.InvalidChunkEnd);
        this.step = Step.Size;
        this.sizeDigits = 0;
        return;
      case Step.Trailer:
        this.takeTrailerByte(byte);
        return;
      case Step.TrailerLf:
        this.expect(byte === LF, refusals.BareCarriageReturn);
        this.endTrailer();
        return;
      case Step.Data:
    }
  }

  private expect(holds: boolean, refusal: Refusal | undefined): void {
    if (!holds) this.refusal ??= refusal;
  }

  private takeSizeByte(byte: number): void {
    const digit = byteAt(hexValue, byte);
    if (digit !== 255) {
      this.sizeDigits += 1;
      this.remaining = this.remaining * 16 + digit;
      const isValid = this.sizeDigits <= maxSizeDigits && Number.isSafeInteger(this.remaining);
      this.expect(isValid, refusals.InvalidChunkSize);
      return;
    }
    this.expect(this.sizeDigits > 0, refusals.InvalidChunkSize);
    if (byte === CR) {
      this.step = Step.SizeLf;
      return;
    }
    this.expect(byte === 0x3b, byte === LF ? refusals.BareLineFeed : refusals.InvalidChunkSize);
    this.step = Step.Extension;
    this.line = ';';
  }

  private takeExtensionByte(byte: number): void {
    if (byte === CR) {
      this.refusal = extensionRefusal(this.line);
      this.step = Step.SizeLf;
      return;
    }
    this.extensionBytes += 1;
    this.line += String.fromCharCode(byte);
    this.expect(byte !== LF, refusals.BareLineFeed);
    this.expect(this.extensionBytes <= maxExtensionBytes, refusals.ChunkExtensionTooLarge);
  }

  private takeTrailerByte(byte: number): void {
    if (byte === CR) {
      this.step = Step.TrailerLf;
      return;
    }
    this.line += String.fromCharCode(byte);
    this.expect(byte !== LF, refusals.BareLineFeed);
    this.expect(this.trailers.length + this.line.length <= maxTrailerBytes, refusals.TrailersTooLarge);
  }

  private endTrailer(): void {
    if (this.line === '') {
      this.done = this.refusal === undefined;
      return;
    }
    this.refusal ??= trailerRefusal(this.line);
    this.trailers += `${this.line}\r\n`;
    this.step = Step.Trailer;
    this.line = '';
  }
}
