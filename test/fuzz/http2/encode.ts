/** The bytes of frames. Valid if the frames are: nothing is checked here. */
import type { FrameInput, Frames, Piece } from './notation.ts';

const { fromCharCode } = String;

/** RFC 7541 §5.1. */
function integer(value: number, prefix: number, first: number): string {
  const most = 2 ** prefix - 1;
  if (value < most) return fromCharCode(first | value);
  let text = fromCharCode(first | most);
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) text += fromCharCode((rest % 128) | 128);
  return text + fromCharCode(rest);
}

const literal = (text: string): string => integer(text.length, 7, 0) + text;
const firstBytes = { '': 0, '!': 0x10, '+': 0x40 } as const;

function pieceBytes(piece: Piece): string {
  switch (piece.kind) {
    case 'indexed':
      return integer(piece.index, 7, 0x80);
    case 'size':
      return integer(piece.size, 5, 0x20);
    case 'bytes':
      return piece.bytes;
    case 'field':
    default:
      return fromCharCode(firstBytes[piece.mode]) + literal(piece.name) + literal(piece.value);
  }
}

export const word = (value: number): string =>
  fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

export const payloadBytes = (payload: readonly Piece[]): string => payload.map(pieceBytes).join('');

function frameBytes({ type, stream, flags, length, payload }: FrameInput): string {
  const bytes = payloadBytes(payload);
  return word(length ?? bytes.length).slice(1) + fromCharCode(type & 255, flags & 255) + word(stream) + bytes;
}

/** Returns one string for each TCP write. */
export function encodeFrames(frames: Frames): string[] {
  const writes = [''];
  for (const step of frames) {
    if (step.kind === 'write') writes.push('');
    else writes[writes.length - 1] += step.kind === 'bytes' ? step.bytes : frameBytes(step);
  }
  return writes.filter((bytes) => bytes !== '');
}

export const setting = (id: number, value: number): string => fromCharCode(0, id) + word(value);
