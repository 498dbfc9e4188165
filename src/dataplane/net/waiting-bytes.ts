/** What waits to be written, in order: latin1 strings and bytes. It is taken as a whole. */

/** More is rarely waiting: its user stops at `queuedBytesLimit`. */
const scratchBytes = 128 * 1024;
/** Where several pieces are joined. */
const scratch = Buffer.allocUnsafeSlow(scratchBytes);
/** Up to this size one string costs less than bytes. */
const smallBytes = 4096;

export class WaitingBytes {
  length = 0;
  private pieces: (string | Buffer)[] = [];
  /** After the pieces. */
  private text = '';

  add(data: string | Buffer): void {
    this.length += data.length;
    if (typeof data === 'string') {
      this.text += data;
      return;
    }
    if (this.text !== '') this.pieces.push(this.text);
    this.text = '';
    this.pieces.push(data);
  }

  /** Returns everything, for a write that is done with it when it returns: the bytes may be those that the next call returns. */
  take(): string | Buffer {
    const { text, pieces, length } = this;
    this.text = '';
    this.length = 0;
    if (pieces.length === 0 && length <= smallBytes) return text;
    if (text !== '') pieces.push(text);
    this.pieces = [];
    const [first] = pieces;
    if (pieces.length === 1 && typeof first !== 'string' && first !== undefined) return first;
    const joined = length <= scratchBytes ? scratch.subarray(0, length) : Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const piece of pieces) {
      at += typeof piece === 'string' ? joined.write(piece, at, 'latin1') : piece.copy(joined, at);
    }
    return joined;
  }
}
