/** Which streams have ended lately, and by whom: frames that were on their way are late, not wrong (RFC 9113 §5.1). */

/** `Here`: this end has reset the stream, and its peer may not know yet. `There`: the peer has ended it, so nothing may follow. */
export type EndedBy = 'Here' | 'There';

/** What a peer may have sent before it learns of a reset: a round trip of streams. */
const remembered = 256;
const none = new Int32Array(0);

export class ClosedStreams {
  /** Ids, each in the place of its number among those of its side; negative: ended here. */
  private streams = none;

  add(streamId: number, by: EndedBy): void {
    // Many connections never have a stream.
    if (this.streams === none) this.streams = new Int32Array(remembered);
    this.streams[placeOf(streamId)] = by === 'Here' ? -streamId : streamId;
  }

  find(streamId: number): EndedBy | undefined {
    const found = this.streams[placeOf(streamId)];
    if (found === streamId) return 'There';
    return found === -streamId ? 'Here' : undefined;
  }
}

/** The ids of one side are all odd, or all even. */
const placeOf = (streamId: number): number => (streamId >>> 1) % remembered;
