/**
 * HEADERS and CONTINUATION: header blocks are decoded in any case, also of streams that have ended, because the table of the peer's encoder goes on with
 * each (RFC 9113 §4.3).
 */
import { ErrorCode, Flag, protocolError, sizeError, type ConnectionError, type Frame } from './frames.ts';
import type { Head } from '../http/head.ts';
import type { AssembledHead, HeadAssembler, HeadKind } from './head-assembler.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { KnownBlocks } from './known-blocks.ts';

export interface HeadersUser {
  /** Which head the block of a stream has. */
  headKind(streamId: number): HeadKind;
  /** `head`: until the next one is received. */
  headersReceived(
    streamId: number,
    head: Head,
    outcome: AssembledHead,
    endStream: boolean,
  ): ConnectionError | undefined;
}

export class HeaderFrames {
  private readonly user: HeadersUser;
  private readonly assembler: HeadAssembler;
  private readonly decoder = new HpackDecoder();
  private readonly known = new KnownBlocks();
  private readonly block = new HeaderBlock();

  constructor(user: HeadersUser, assembler: HeadAssembler) {
    this.user = user;
    this.assembler = assembler;
  }

  /** The stream whose block goes on in the next frame; 0 if there is none. */
  get openStreamId(): number {
    return this.block.streamId;
  }

  headers({ streamId, flags }: Frame, payload: Buffer): ConnectionError | undefined {
    if (streamId === 0) return protocolError('HEADERS of stream 0');
    const isPadded = (flags & Flag.Padded) !== 0;
    const hasPriority = (flags & Flag.Priority) !== 0;
    const start = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0);
    const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
    if (payload.length < start) return sizeError('HEADERS is too short');
    if (end < start) return protocolError('the padding of HEADERS is longer than the frame');
    if (hasPriority && dependsOnItself(payload, isPadded ? 1 : 0, streamId)) return selfDependency;
    this.block.begin(streamId, (flags & Flag.EndStream) !== 0, fragmentOf(payload, start, end));
    if ((flags & Flag.EndHeaders) !== 0) return this.endBlock();
    this.block.keep();
    return undefined;
  }

  continuation({ flags }: Frame, payload: Buffer): ConnectionError | undefined {
    return this.block.add(payload) ?? ((flags & Flag.EndHeaders) === 0 ? undefined : this.endBlock());
  }

  private endBlock(): ConnectionError | undefined {
    const { streamId, endStream, bytes } = this.block;
    const { assembler, decoder, user } = this;
    this.block.end();
    const kind = user.headKind(streamId);
    const version = decoder.tableVersion;
    const known = this.known.find(bytes, kind, version);
    if (known !== undefined) return user.headersReceived(streamId, known, 'complete', endStream);
    assembler.begin(kind);
    if (!decoder.decode(bytes, 0, bytes.length, assembler)) return undecodable;
    const outcome = assembler.end();
    const isRepeatable = outcome === 'complete' && decoder.tableVersion === version;
    const head = isRepeatable ? this.known.learn(bytes, kind, version, assembler.head) : assembler.head;
    return user.headersReceived(streamId, head, outcome, endStream);
  }
}

/** A view costs more than the test, and mostly there is neither padding nor a priority. */
const fragmentOf = (payload: Buffer, start: number, end: number): Buffer =>
  start === 0 && end === payload.length ? payload : payload.subarray(start, end);

const undecodable: ConnectionError = {
  code: ErrorCode.CompressionError,
  detail: 'a header block cannot be decoded',
};

export const selfDependency = protocolError('a stream depends on itself');

/** Of the five bytes of a priority at this offset (RFC 9113 §5.3.2). */
export const dependsOnItself = (payload: Buffer, at: number, streamId: number): boolean =>
  (payload.readUInt32BE(at) & 0x7fff_ffff) === streamId;
