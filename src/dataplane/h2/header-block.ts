/** The header block that is being received: no other frame may come before its end (RFC 9113 §4.3). */
import { ErrorCode, type ConnectionError } from './frames.ts';

/** Twice what a list of fields may have: Huffman codes are rarely longer than their text. */
const maxBytes = 64 * 1024;
/** A block of this size needs five frames of the least size that a peer may choose; more is a flood (CVE-2024-27316). */
const maxFrames = 16;

export class HeaderBlock {
  /** 0: there is none. */
  streamId = 0;
  endStream = false;
  /** The fragment of the first frame, while it is the only one. */
  bytes: Buffer = none;
  private frames = 0;

  begin(streamId: number, endStream: boolean, fragment: Buffer): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.bytes = fragment;
    this.frames = 1;
  }

  /** A block that goes on in another frame must be kept. */
  keep(): void {
    this.bytes = Buffer.from(this.bytes);
  }

  add(fragment: Buffer): ConnectionError | undefined {
    this.frames += 1;
    if (this.frames > maxFrames || this.bytes.length + fragment.length > maxBytes) return tooLarge;
    this.bytes = Buffer.concat([this.bytes, fragment]);
    return undefined;
  }

  end(): void {
    this.streamId = 0;
    this.bytes = none;
  }
}

const none = Buffer.alloc(0);
const tooLarge: ConnectionError = {
  code: ErrorCode.EnhanceYourCalm,
  detail: `a header block has more than ${maxFrames} frames or ${maxBytes} bytes`,
};
