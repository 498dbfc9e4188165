/** Changes of frames: their order, headers and payloads, and the fields of header blocks. */
import { FrameType } from '../../../src/dataplane/h2/frames.ts';
import { dodgyBytes } from '../http1/dictionary.ts';
import type { Random } from '../random.ts';
import { setting, word } from './encode.ts';
import type { FrameInput, Frames, Piece, Step } from './notation.ts';

const fields: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':method', 'POST'],
  [':method', 'CONNECT'],
  [':method', 'HEAD'],
  [':path', '/'],
  [':path', '/other'],
  [':path', ''],
  [':path', '*'],
  [':path', 'other'],
  [':path', 'http://other.test/'],
  [':path', '/ HTTP/1.1\r\nHost: other.test\r\n\r\n'],
  [':scheme', 'http'],
  [':scheme', 'ftp'],
  [':authority', 'shop.test'],
  [':authority', 'other.test'],
  [':authority', 'user@shop.test'],
  [':authority', ''],
  [':protocol', 'websocket'],
  [':status', '200'],
  [':status', '204'],
  [':status', '101'],
  [':status', '103'],
  [':status', '304'],
  [':unknown', '1'],
  ['host', 'shop.test'],
  ['host', 'other.test'],
  ['content-length', '0'],
  ['content-length', '4'],
  ['content-length', '+4'],
  ['content-length', '18446744073709551620'],
  ['transfer-encoding', 'chunked'],
  ['connection', 'close'],
  ['proxy-connection', 'keep-alive'],
  ['keep-alive', 'timeout=5'],
  ['upgrade', 'h2c'],
  ['te', 'trailers'],
  ['te', 'gzip'],
  ['cookie', 'a=1'],
  ['cookie', 'cart-session={token}'],
  ['expect', '100-continue'],
  ['x-plain', '1'],
  ['X-Upper', '1'],
  ['x-plain', ' blanks '],
  ['x-plain', 'a\r\nhost: other.test'],
  ['x-plain', 'a\0b'],
  ['x plain', '1'],
  ['', '1'],
  ['x_forwarded_for', '10.0.0.1'],
  ['holdfast-session', 'end'],
  ['set-cookie', 'cart-session=stolen'],
];

const numbers = [0, 1, 2, 3, 5, 7, 99, 101, 255, 256, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 2 ** 24 - 1];
const words = [...numbers, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const streams = [0, 1, 2, 3, 5, 7, 9, 2 ** 31 - 1, 2 ** 31 + 1];
const flags = [0, 0x1, 0x4, 0x5, 0x8, 0x20, 0x2d, 0xff];

const randomField = (random: Random): Piece => {
  const [name, value] = random.pick(fields);
  return { kind: 'field', mode: random.pick(['', '', '+', '!']), name, value };
};

const newPieces: readonly ((random: Random) => Piece)[] = [
  randomField,
  randomField,
  randomField,
  (random) => ({ kind: 'indexed', index: random.oneIn(3) ? random.pick(numbers) : random.below(70) }),
  (random) => ({ kind: 'size', size: random.pick(numbers) }),
  (random) => ({ kind: 'bytes', bytes: random.pick(dodgyBytes) }),
  (random) => ({ kind: 'bytes', bytes: word(random.pick(words)) }),
  (random) => ({ kind: 'bytes', bytes: setting(random.below(10), random.pick(words)) }),
  (random) => ({ kind: 'bytes', bytes: 'x'.repeat(random.pick([1, 4, 5, 100, 16_000])) }),
];

function changedBytes(bytes: string, random: Random): string {
  const at = random.below(bytes.length + 1);
  const flipped = String.fromCharCode((bytes.charCodeAt(at) || 0) ^ (1 << random.below(8)));
  return random.pick([
    bytes.slice(0, at) + flipped + bytes.slice(at + 1),
    bytes.slice(0, at),
    bytes.slice(0, at) + random.pick(dodgyBytes) + bytes.slice(at),
  ]);
}

function changedPiece(piece: Piece, random: Random): Piece {
  if (piece.kind === 'bytes') return { kind: 'bytes', bytes: changedBytes(piece.bytes, random) };
  if (piece.kind !== 'field' || random.oneIn(3)) return random.pick(newPieces)(random);
  return random.oneIn(2)
    ? { ...piece, value: changedBytes(piece.value, random) }
    : { ...piece, mode: random.pick(['', '+', '!']), name: changedBytes(piece.name, random) };
}

export function changedPayload(payload: readonly Piece[], random: Random): Piece[] {
  const pieces = [...payload];
  const at = random.below(pieces.length + 1);
  const piece = pieces[at];
  const change = random.below(4);
  if (piece === undefined || change === 0) pieces.splice(at, 0, random.pick(newPieces)(random));
  else if (change === 1) pieces.splice(at, 1);
  else if (change === 2) pieces.splice(random.below(pieces.length), 0, piece);
  else pieces[at] = changedPiece(piece, random);
  return pieces;
}

const frameChanges: readonly ((frame: FrameInput, random: Random) => FrameInput)[] = [
  (frame, random) => ({ ...frame, payload: changedPayload(frame.payload, random) }),
  (frame, random) => ({ ...frame, payload: changedPayload(frame.payload, random) }),
  (frame, random) => ({ ...frame, payload: changedPayload(frame.payload, random) }),
  (frame, random) => ({ ...frame, flags: random.oneIn(2) ? frame.flags ^ random.pick(flags) : random.pick(flags) }),
  (frame, random) => ({ ...frame, stream: random.pick(streams) }),
  (frame, random) => ({ ...frame, type: random.below(12) }),
  (frame, random) => (random.oneIn(3) ? { ...frame, length: random.pick(numbers) } : frame),
  // Padding of the right form, with a length that is right or not.
  (frame, random) => ({ ...frame, flags: frame.flags | 8, payload: padded(frame.payload, random) }),
];

const padded = (payload: readonly Piece[], random: Random): Piece[] => {
  const length = random.pick([0, 1, 5, 255]);
  const announced = random.oneIn(4) ? random.pick([0, 1, 255]) : length;
  return [
    { kind: 'bytes', bytes: String.fromCharCode(announced) },
    ...payload,
    { kind: 'bytes', bytes: '\0'.repeat(length) },
  ];
};

const newFrame = (random: Random): FrameInput => ({
  kind: 'frame',
  type: random.pick(Object.values(FrameType)),
  stream: random.pick(streams),
  flags: random.pick(flags),
  payload: [random.pick(newPieces)(random)],
});

function changeSteps(steps: Step[], other: Frames, random: Random): void {
  const at = random.below(steps.length + 1);
  const step = steps[at];
  if (step?.kind === 'frame' && !random.oneIn(3)) {
    steps[at] = random.pick(frameChanges)(step, random);
    return;
  }
  const inserted: readonly (() => Step[])[] = [
    () => [newFrame(random)],
    () => (other.length === 0 ? [] : [random.pick(other)]),
    () => [{ kind: 'write' }],
    () => (step === undefined ? [] : [step]),
    () => [{ kind: 'bytes', bytes: random.pick(dodgyBytes) }],
  ];
  const change = random.below(8);
  if (change < 2) steps.splice(random.below(steps.length + 1), 0, ...steps.splice(at, 1));
  else if (change === 2) steps.splice(at, 1);
  else steps.splice(at, 0, ...random.pick(inserted)());
}

const maxSteps = 60;

export function mutateFrames(frames: Frames, other: Frames, random: Random): Frames {
  const steps = random.oneIn(6) ? [...frames, ...other] : [...frames];
  do changeSteps(steps, other, random);
  while (!random.oneIn(2));
  return steps.slice(0, maxSteps);
}
