/**
 * Frames that leave together: what one read makes this end send on a connection, such as the head of a response with its content and its trailers, is one
 * write, and with TLS one record, also where nothing else gathers writes.
 *
 *     frames ──they become many, or content is large──► socket
 *        └──what was called by the event loop has returned──┘
 */
import type { Range, TcpSocket } from '../net/tcp-socket.ts';

/** As much as a socket gathers itself. */
const mostGatheredBytes = 16 * 1024;
/** Larger content is not worth the copy. */
const smallBytes = 4096;

export class TurnFrames {
  private readonly socket: TcpSocket;
  private gathered = '';

  constructor(socket: TcpSocket) {
    this.socket = socket;
  }

  /** `text`: latin1. */
  add(text: string): void {
    if (this.gathered === '') process.nextTick(flush, this);
    this.gathered += text;
    if (this.gathered.length > mostGatheredBytes) this.flush();
  }

  /** As `add`, with bytes after the text that may change after this returns. */
  addContent(text: string, bytes: Buffer, range: Range): void {
    const { from, to } = range;
    if (to - from <= smallBytes) {
      this.add(from === to ? text : text + bytes.toString('latin1', from, to));
      return;
    }
    const before = this.gathered + text;
    this.gathered = '';
    this.socket.writeJoined(before, bytes, range, '');
  }

  flush(): void {
    const { gathered } = this;
    if (gathered === '') return;
    this.gathered = '';
    this.socket.write(gathered);
  }
}

const flush = (frames: TurnFrames): void => frames.flush();
