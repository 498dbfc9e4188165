/** Changes of HTTP/1.1 messages: of their lines, names and numbers, and of single bytes. */
import type { Random } from '../random.ts';
import { dodgyBytes, extremeNumbers, fieldLines, fieldNames, lineEnds } from './dictionary.ts';
import type { Writes } from './notation.ts';

type Change = (text: string, other: string, random: Random) => string;

const linesOf = (text: string): string[] => text.split(/(?<=\n)/u);

const replaceAt = (text: string, at: number, { removed = 0, inserted = '' }): string =>
  text.slice(0, at) + inserted + text.slice(at + removed);

/** Changes the line at a random place. */
const onLines =
  (change: (lines: string[], at: number, random: Random) => void): Change =>
  (text, _, random) => {
    const lines = linesOf(text);
    change(lines, random.below(lines.length), random);
    return lines.join('');
  };

const onMatch =
  (pattern: RegExp, replacement: (random: Random, match: string) => string): Change =>
  (text, _, random) => {
    const matches = Array.from(text.matchAll(pattern));
    if (matches.length === 0) return text;
    const { index, 0: match } = random.pick(matches);
    return replaceAt(text, index, { removed: match.length, inserted: replacement(random, match) });
  };

const insertBytes: Change = (text, _, random) =>
  replaceAt(text, random.below(text.length + 1), { removed: random.below(3), inserted: random.pick(dodgyBytes) });

const flipBit: Change = (text, _, random) => {
  const at = random.below(text.length);
  const flipped = (text.charCodeAt(at) || 0) ^ (1 << random.below(8));
  return replaceAt(text, at, { removed: 1, inserted: String.fromCharCode(flipped) });
};

const copyRange: Change = (text, other, random) => {
  const from = random.below(other.length + 1);
  const inserted = other.slice(from, from + random.below(64));
  return replaceAt(text, random.below(text.length + 1), { inserted });
};

const cutRange: Change = (text, _, random) => replaceAt(text, random.below(text.length), { removed: random.below(32) });

/** Pipelining, if both are whole messages. */
const append: Change = (text, other) => text + other;

/** A head that comes again is not read again, unless it differs. Long ones would fill the memory of the fuzzer, which keeps inputs. */
const repeat: Change = (text) => (text.length > 1000 ? text : text.repeat(5));

const spliceLine: Change = (text, other, random) => {
  const lines = linesOf(text);
  lines.splice(random.below(lines.length + 1), 0, random.pick(linesOf(other)));
  return lines.join('');
};

const changes: readonly Change[] = [
  insertBytes,
  insertBytes,
  flipBit,
  copyRange,
  cutRange,
  append,
  repeat,
  spliceLine,
  onLines((lines, at) => lines.splice(at, 0, lines[at] ?? '')),
  onLines((lines, at) => lines.splice(at, 1)),
  onLines((lines, at, random) => lines.splice(random.below(lines.length), 0, ...lines.splice(at, 1))),
  // After the first line most often: a field of the head.
  onLines((lines, at, random) => lines.splice(Math.max(1, at), 0, random.pick(fieldLines))),
  onLines((lines, at, random) => lines.splice(Math.max(1, at), 0, random.pick(fieldLines))),
  onMatch(/\d+/gu, (random) => random.pick(extremeNumbers)),
  onMatch(/(?<=\n)[0-9a-f]{1,6}(?=[\r;])/giu, (random) => random.pick(extremeNumbers)),
  onMatch(/(?<=\n)[\w-]+(?=:)/gu, (random) => random.pick(fieldNames)),
  onMatch(/\r\n/gu, (random) => random.pick(lineEnds)),
  onMatch(/[a-z]+/giu, (random, match) => (random.oneIn(2) ? match.toUpperCase() : match.toLowerCase())),
  onMatch(/: */gu, (random) => random.pick([' : ', ':\t', ':', ':: ', ': \r\n ', '\t:', ':\0'])),
];

const maxBytes = 200_000;

export function mutateBytes(text: string, other: string, random: Random): string {
  let changed = text;
  do {
    changed = random.pick(changes)(changed, other, random).slice(0, maxBytes);
  } while (!random.oneIn(2));
  return changed;
}

/** Whole most often; else apart at random places, or byte by byte around one. */
export function splitWrites(text: string, random: Random): Writes {
  if (text.length < 2 || random.oneIn(2)) return [text];
  if (random.oneIn(8)) {
    const from = random.below(text.length);
    const to = Math.min(text.length, from + 40);
    return [text.slice(0, from), ...text.slice(from, to).split(''), text.slice(to)].filter((piece) => piece !== '');
  }
  const places = Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(text.length - 1));
  const ends = [...new Set(places), text.length].toSorted((one, two) => one - two);
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}
