/** Which streams have ended lately, and by whom: frames that were on their way are late, not wrong (RFC 9113 §5.1). */

/** `Here`: this end has reset the stream, and its peer may not know yet. `There`: the peer has ended it, so nothing may follow. */
export type EndedBy = 'Here' | 'There';

/** What a peer may have sent before it learns of a reset: a round trip of streams. */
const remembered = 256;

export class ClosedStreams {
  private readonly streams = new Map<number, EndedBy>();

  add(streamId: number, by: EndedBy): void {
    this.streams.set(streamId, by);
    if (this.streams.size <= remembered) return;
    for (const oldest of this.streams.keys()) {
      this.streams.delete(oldest);
      return;
    }
  }

  find(streamId: number): EndedBy | undefined {
    return this.streams.get(streamId);
  }
}
