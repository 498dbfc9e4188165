/** Header blocks alone: the decoder of the proxy and that of nghttp2 read the same fields, or both refuse the block. */
import { fieldValueBytes, skipText, tokenBytes } from '../../../src/dataplane/http/ascii.ts';
import { preface } from '../../../src/dataplane/http/preface.ts';
import { ErrorCode, Flag, FrameType } from '../../../src/dataplane/h2/frames.ts';
import { HpackDecoder } from '../../../src/dataplane/h2/hpack-decoder.ts';
import type { Random } from '../random.ts';
import type { Outcome, Surface } from '../surface.ts';
import { encodeFrames, payloadBytes } from './encode.ts';
import { changedPayload } from './mutations.ts';
import { readByServer, type NgReading } from './nghttp2.ts';
import { formatFrames, parseFrames, type FrameInput, type Frames, type Piece } from './notation.ts';
import { decodeBlock, type Field } from './received.ts';

const isHeaders = (step: Frames[number]): step is FrameInput =>
  step.kind === 'frame' && step.type === FrameType.Headers;

/** A whole frame for each block, on a stream of its own, after the fields without which there is no request. */
function framesOf(blocks: readonly (readonly Piece[])[]): Frames {
  const settings: FrameInput = { kind: 'frame', type: FrameType.Settings, stream: 0, flags: 0, payload: [] };
  const headers = blocks.map((payload, index): FrameInput => ({
    kind: 'frame',
    type: FrameType.Headers,
    stream: 2 * index + 1,
    flags: Flag.EndStream | Flag.EndHeaders,
    payload,
  }));
  return [settings, ...headers];
}

/** Up to the first block that cannot be decoded. */
function decodeAll(blocks: readonly (readonly Piece[])[]): { decoded: Field[][]; isRefused: boolean } {
  const decoder = new HpackDecoder();
  const decoded: Field[][] = [];
  for (const block of blocks) {
    const fields = decodeBlock(decoder, Buffer.from(payloadBytes(block), 'latin1'));
    if (fields === undefined) return { decoded, isRefused: true };
    decoded.push(fields);
  }
  return { decoded, isRefused: false };
}

/**
 * Differences that RFC 7541 allows: more than two changes of the table's size before the first field are valid for nghttp2 and an error here
 * (§4.2: an encoder needs two at most), and a block or integer beyond the limits of one of them is an error there alone.
 */
function judge(blocks: readonly (readonly Piece[])[], { messages, error }: NgReading): string | undefined {
  const { decoded, isRefused } = decodeAll(blocks);
  if (error === ErrorCode.CompressionError && !isRefused) return 'nghttp2 refuses a block that the proxy decodes';
  if (isRefused && countSizes(blocks[decoded.length]) > maxSizes) return undefined;
  if (error === undefined && isRefused) return 'the proxy refuses a block that nghttp2 decodes';
  for (const { fields } of messages) {
    if (!decoded.some((candidate) => agrees(fields, candidate))) {
      return `nghttp2 reads fields that the proxy does not:\n${fields.map(([name, value]) => `${name}: ${value}`).join('\n')}`;
    }
  }
  return undefined;
}

const maxSizes = 2;
/** A change of the table's size is an integer of five bits after 001. */
function countSizes(block: readonly Piece[] = []): number {
  const sizes = /^(?:[ ->]|\?[\x80-\xff]*[\0-\x7f])*/u.exec(payloadBytes(block))?.[0] ?? '';
  return sizes.match(/[ ->]|\?[\x80-\xff]*[\0-\x7f]/gu)?.length ?? 0;
}

/** nghttp2 leaves out fields whose name or value is not valid; the proxy refuses their message later. */
function agrees(ofNghttp2: readonly Field[], ours: readonly Field[]): boolean {
  let at = 0;
  for (const [name, value] of ours) {
    const next = ofNghttp2[at];
    if (next !== undefined && next[0] === name && next[1] === value) at += 1;
    else if (isValid(name, value)) return false;
  }
  return at === ofNghttp2.length;
}

const isValid = (name: string, value: string): boolean =>
  name !== '' &&
  skipText(tokenBytes, name, name.startsWith(':') ? 1 : 0) === name.length &&
  name === name.toLowerCase() &&
  skipText(fieldValueBytes, value, 0) === value.length &&
  value === value.trim();

export async function createHpackSurface(): Promise<Surface<Frames>> {
  async function run(frames: Frames): Promise<Outcome> {
    const blocks = frames.filter(isHeaders).map(({ payload }) => payload);
    const bytes = preface.toString('latin1') + encodeFrames(framesOf(blocks)).join('');
    const reading = await readByServer(bytes);
    const { decoded, isRefused } = decodeAll(blocks);
    const shapes = decoded.map((fields) => fields.length);
    return {
      behaviour: [shapes, isRefused, reading.error, reading.messages.length].join(';'),
      problem: judge(blocks, reading),
    };
  }

  return {
    parse: parseFrames,
    format: formatFrames,
    mutate: (frames, other, random) => mutateBlocks(frames, other, random),
    run,
    check: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}

const maxBlocks = 12;

function mutateBlocks(frames: Frames, other: Frames, random: Random): Frames {
  const blocks = (random.oneIn(4) ? [...frames, ...other] : [...frames]).filter(isHeaders);
  do {
    const at = random.below(blocks.length);
    const block = blocks[at];
    if (block !== undefined) blocks[at] = { ...block, payload: changedPayload(block.payload, random) };
  } while (!random.oneIn(2));
  return blocks.slice(0, maxBlocks);
}
