/** Writes messages to a connection, one after another: each head together with the content that follows it in the same turn. */
import type { Head } from '../http/head.ts';
import { headText } from '../http/head-fields.ts';
import { noBytes } from '../net/byte-copy.ts';
import { isShared } from '../net/read-buffers.ts';
import { noRange, type Range, type TcpSocket } from '../net/tcp-socket.ts';

export class MessageWriter {
  private readonly socket: TcpSocket;
  private isChunked = false;
  /** The head, which waits for the content. */
  private unsent = '';
  /** Where the head was received that is sent as it was: it waits there, until the next read. */
  private received: Buffer | undefined;
  private readonly place: Range = { from: 0, to: 0 };

  constructor(socket: TcpSocket) {
    this.socket = socket;
  }

  /** `isChunked`: the length of the content is not known. */
  begin(head: string, isChunked: boolean): void {
    this.unsent = head;
    this.received = undefined;
    this.isChunked = isChunked;
  }

  /** As `begin`, with a head that stays as it was received in a shared buffer: its bytes are written together with the content behind it. */
  protected beginAsReceived({ bytes, start, end }: Head): void {
    this.unsent = '';
    this.received = bytes;
    this.place.from = start;
    this.place.to = end;
    this.isChunked = false;
  }

  /** Returns false if the next piece must wait for the drain. */
  content(bytes: Buffer, range: Range, endStream: boolean): boolean {
    if (!this.isChunked) return this.write('', bytes, range, '');
    const end = endStream ? '0\r\n\r\n' : '';
    const length = range.to - range.from;
    // RFC 9112 §7.1: a chunk for each piece, without extensions.
    return length === 0
      ? this.write(end, noBytes, noRange, '')
      : this.write(`${length.toString(16)}\r\n`, bytes, range, `\r\n${end}`);
  }

  /** Ends the message. Without chunks there is no place for trailers. */
  trailers(trailers: Head | undefined): void {
    if (this.isChunked) {
      const lines = trailers === undefined ? '' : headText(trailers).slice(0, -2);
      this.write(`0\r\n${lines}\r\n`, noBytes, noRange, '');
    } else {
      this.flush();
    }
  }

  private write(before: string, bytes: Buffer, range: Range, after: string): boolean {
    if (bytes === this.received && range.from === this.place.to) {
      this.received = undefined;
      this.place.to = range.to;
      return this.socket.writeJoined('', bytes, this.place, after);
    }
    const text = this.takeHead() + before;
    if (range.from === range.to) return this.socket.write(text + after);
    if (text !== '' || after !== '' || isShared(bytes)) return this.socket.writeJoined(text, bytes, range, after);
    return this.socket.writeBorrowed(bytes.subarray(range.from, range.to));
  }

  private takeHead(): string {
    const { unsent, received, place } = this;
    this.unsent = '';
    this.received = undefined;
    return received === undefined ? unsent : received.toString('latin1', place.from, place.to);
  }

  flush(): void {
    const head = this.takeHead();
    if (head !== '') this.socket.write(head);
  }
}
