/** What the peer of a connection allows to be sent (RFC 9113 §6.9): the window of the connection, and the streams that wait for it or for their own. */
import { defaultWindowBytes, maxWindowBytes } from './frames.ts';
import type { Stream } from './stream.ts';

export class SendWindows {
  connectionBytes = defaultWindowBytes;
  private readonly waiting = new Set<Stream>();
  private readonly session: { readonly isBlocked: boolean };

  /** `isBlocked`: nothing is sent, whatever the windows. */
  constructor(session: { readonly isBlocked: boolean }) {
    this.session = session;
  }

  wait(stream: Stream): void {
    this.waiting.add(stream);
  }

  forget(stream: Stream): void {
    this.waiting.delete(stream);
  }

  /** The streams that wait continue, as far as they may. */
  grown(): void {
    for (const stream of Array.from(this.waiting)) {
      if (this.session.isBlocked || this.connectionBytes <= 0) return;
      this.waiting.delete(stream);
      stream.sendQueued();
    }
  }

  /** Returns false if the window would be larger than any may be. */
  growConnection(increment: number): boolean {
    if (this.connectionBytes + increment > maxWindowBytes) return false;
    this.connectionBytes += increment;
    this.grown();
    return true;
  }

  /** As `growConnection`. */
  growStream(stream: Stream, increment: number): boolean {
    if (stream.sendWindow + increment > maxWindowBytes) return false;
    stream.sendWindow += increment;
    if (this.waiting.delete(stream)) stream.sendQueued();
    return true;
  }

  /** RFC 9113 §6.9.2: those of all streams change, and may become negative. As `growConnection`. */
  resize(streams: Iterable<Stream>, change: number): boolean {
    if (change === 0) return true;
    for (const stream of streams) {
      stream.sendWindow += change;
      if (stream.sendWindow > maxWindowBytes) return false;
    }
    this.grown();
    return true;
  }
}
