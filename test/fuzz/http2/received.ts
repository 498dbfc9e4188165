/** What one end of a connection has received, stream by stream, and whether its peer may send that (RFC 9113 §5.1). */
import { Flag, FrameType } from '../../../src/dataplane/h2/frames.ts';
import { HpackDecoder } from '../../../src/dataplane/h2/hpack-decoder.ts';

export type Field = readonly [name: string, value: string];

export type ReceivedStream = {
  id: number;
  /** Of each header block. */
  blocks: Field[][];
  body: string;
  isEnded: boolean;
  resetCode: number | undefined;
};

const frameHeaderBytes = 9;

export function decodeBlock(decoder: HpackDecoder, block: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  const isValid = decoder.decode(block, 0, block.length, {
    field: ({ name, nameStart, nameEnd, value, valueStart, valueEnd }) =>
      fields.push([latin1(name, nameStart, nameEnd), latin1(value, valueStart, valueEnd)]),
  });
  return isValid ? fields : undefined;
}

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1');

export class ReceivedFrames {
  readonly streams = new Map<number, ReceivedStream>();
  problem: string | undefined;
  goAwayCode: number | undefined;
  private rest = Buffer.alloc(0);
  private block = Buffer.alloc(0);
  private readonly decoder = new HpackDecoder();

  /** `skip`: bytes of a preface. */
  read(bytes: Buffer): this {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= frameHeaderBytes) {
      const end = frameHeaderBytes + this.rest.readUIntBE(0, 3);
      if (this.rest.length < end) break;
      this.frame(this.rest.subarray(0, end));
      this.rest = this.rest.subarray(end);
    }
    return this;
  }

  private frame(bytes: Buffer): void {
    const [type, flags, id] = [bytes.readUInt8(3), bytes.readUInt8(4), bytes.readUInt32BE(5)];
    const payload = bytes.subarray(frameHeaderBytes);
    switch (type) {
      case FrameType.Headers:
      case FrameType.Continuation:
        this.headers(id, flags, payload);
        return;
      case FrameType.Data:
        this.data(this.streamOf(id), flags, payload);
        return;
      case FrameType.ResetStream:
        this.streamOf(id).resetCode = payload.readUInt32BE(0);
        return;
      case FrameType.GoAway:
        this.goAwayCode = payload.readUInt32BE(4);
        return;
      default:
    }
  }

  private headers(id: number, flags: number, payload: Buffer): void {
    const stream = this.streamOf(id);
    this.block = Buffer.concat([this.block, payload]);
    if (stream.isEnded) this.problem ??= `HEADERS after the end of stream ${id}`;
    if ((flags & Flag.EndStream) !== 0) stream.isEnded = true;
    if ((flags & Flag.EndHeaders) === 0) return;
    const fields = decodeBlock(this.decoder, this.block);
    this.block = Buffer.alloc(0);
    if (fields === undefined) this.problem ??= `a header block of stream ${id} cannot be decoded`;
    else stream.blocks.push(fields);
  }

  private data(stream: ReceivedStream, flags: number, payload: Buffer): void {
    if (stream.isEnded) this.problem ??= `DATA after the end of stream ${stream.id}`;
    if (stream.blocks.length === 0) this.problem ??= `DATA before HEADERS on stream ${stream.id}`;
    stream.body += payload.toString('latin1');
    if ((flags & Flag.EndStream) !== 0) stream.isEnded = true;
  }

  private streamOf(id: number): ReceivedStream {
    const known = this.streams.get(id);
    if (known !== undefined) return known;
    const stream: ReceivedStream = { id, blocks: [], body: '', isEnded: false, resetCode: undefined };
    this.streams.set(id, stream);
    return stream;
  }
}

export const valueOf = (fields: readonly Field[] | undefined, name: string): string | undefined =>
  fields?.find(([candidate]) => candidate === name)?.[1];
