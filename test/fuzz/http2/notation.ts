/**
 * Frames of HTTP/2 as lines of text:
 *
 *     HEADERS 1 END_STREAM|END_HEADERS     type or number, stream, flags or number; `length=5` if the header of the frame lies
 *       :path: /                           a field, not added to a table         + added    ! never indexed
 *       @2                                 a field of a table                    ^4096 size of the table
 *       "raw\x00bytes"                     bytes, of a header block or of any other payload
 *     "bytes"                              bytes outside of a frame
 *     |                                    another TCP write begins
 */
import { Flag, FrameType } from '../../../src/dataplane/h2/frames.ts';
import { escapeBytes, unescapeBytes } from '../escapes.ts';

export type Piece =
  | { kind: 'field'; mode: '' | '+' | '!'; name: string; value: string }
  | { kind: 'indexed'; index: number }
  | { kind: 'size'; size: number }
  | { kind: 'bytes'; bytes: string };

export type FrameInput = {
  kind: 'frame';
  type: number;
  stream: number;
  flags: number;
  /** In the header, instead of the real one. */
  length?: number | undefined;
  payload: readonly Piece[];
};

export type Step = FrameInput | { kind: 'bytes'; bytes: string } | { kind: 'write' };
export type Frames = readonly Step[];

const typeNames = new Map(Object.entries(FrameType).map(([name, type]) => [type as number, name.toUpperCase()]));
const flagNames = [
  ['END_STREAM', Flag.EndStream],
  ['END_HEADERS', Flag.EndHeaders],
  ['PADDED', Flag.Padded],
  ['PRIORITY', Flag.Priority],
] as const;

export function parseFrames(text: string): Frames {
  const steps: Step[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const frame = steps.at(-1);
    if (line.startsWith('  ') && frame?.kind === 'frame') {
      steps[steps.length - 1] = { ...frame, payload: [...frame.payload, parsePiece(line.slice(2))] };
    } else {
      steps.push(parseStep(line));
    }
  }
  return steps;
}

function parseStep(line: string): Step {
  if (line === '|') return { kind: 'write' };
  if (line.startsWith('"')) return { kind: 'bytes', bytes: unescapeBytes(line.slice(1, -1)) };
  const [name = '', stream = '0', ...more] = line.split(' ');
  const length = more.find((word) => word.startsWith('length='))?.slice('length='.length);
  const known = [...typeNames].find(([, typeName]) => typeName === name)?.[0];
  return {
    kind: 'frame',
    type: known ?? Number(name),
    stream: Number(stream),
    flags: parseFlags(more.find((word) => !word.startsWith('length=')) ?? '0'),
    length: length === undefined ? undefined : Number(length),
    payload: [],
  };
}

const parseFlags = (text: string): number =>
  text
    .split('|')
    .map((word) => flagNames.find(([name]) => name === word)?.[1] ?? Number(word))
    .reduce((flags, flag) => flags | flag, 0);

function parsePiece(text: string): Piece {
  if (text.startsWith('@')) return { kind: 'indexed', index: Number(text.slice(1)) };
  if (text.startsWith('^')) return { kind: 'size', size: Number(text.slice(1)) };
  if (text.startsWith('"')) return { kind: 'bytes', bytes: unescapeBytes(text.slice(1, -1)) };
  const mode = text.startsWith('+ ') || text.startsWith('! ') ? (text[0] as '+' | '!') : '';
  const field = mode === '' ? text : text.slice(2);
  const colon = field.indexOf(':', 1);
  return {
    kind: 'field',
    mode,
    name: unescapeBytes(field.slice(0, colon)),
    value: unescapeBytes(field.slice(colon + 2)),
  };
}

export const formatFrames = (frames: Frames): string => `${frames.map(formatStep).join('\n')}\n`;

function formatStep(step: Step): string {
  if (step.kind === 'write') return '|';
  if (step.kind === 'bytes') return `"${escapeBytes(step.bytes)}"`;
  const known = flagNames.filter(([, flag]) => (step.flags & flag) !== 0);
  const rest = step.flags & ~known.reduce((all, [, flag]) => all | flag, 0);
  const flags = [...known.map(([name]) => name), ...(rest === 0 ? [] : [rest])].join('|');
  const length = step.length === undefined ? [] : [`length=${step.length}`];
  const words = [typeNames.get(step.type) ?? step.type, step.stream, ...(flags === '' ? [] : [flags]), ...length];
  return [words.join(' '), ...step.payload.map((piece) => `  ${formatPiece(piece)}`)].join('\n');
}

function formatPiece(piece: Piece): string {
  switch (piece.kind) {
    case 'indexed':
      return `@${piece.index}`;
    case 'size':
      return `^${piece.size}`;
    case 'bytes':
      return `"${escapeBytes(piece.bytes)}"`;
    case 'field':
    default: {
      const mode = piece.mode === '' ? '' : `${piece.mode} `;
      return `${mode}${escapeName(piece.name)}: ${escapeBytes(piece.value)}`;
    }
  }
}

/** A name must not look like another piece, nor end before its end. */
const escapeName = (name: string): string =>
  escapeBytes(name).replaceAll(/(?<=.):|^[@^"+! ]/gu, (found) => `\\x${found.charCodeAt(0).toString(16)}`);
