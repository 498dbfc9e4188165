import { describe, expect, test } from '@jest/globals';
import { splitLines } from '../../../src/platform/ndjson.ts';
import { fc } from '../../support/fast-check.ts';

async function split(chunks: (string | Buffer)[], maxBytes = 1_000): Promise<string[]> {
  const lines: string[] = [];
  const stream = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  })();
  for await (const line of splitLines(stream, maxBytes)) lines.push(line);
  return lines;
}

describe('lines of a stream', () => {
  test.each([
    { chunks: ['a\nb\n'], lines: ['a', 'b'], because: 'a chunk may have several' },
    { chunks: ['a', 'b', 'c\nd', '\n'], lines: ['abc', 'd'], because: 'a line may have several chunks' },
    { chunks: ['a\nb'], lines: ['a'], because: 'half a line at the end is no event' },
    { chunks: ['\n\na\n'], lines: ['', '', 'a'], because: 'empty lines are lines' },
    { chunks: [], lines: [], because: 'nothing is nothing' },
  ])('$chunks are $lines: $because', async ({ chunks, lines }) => {
    expect(await split(chunks)).toEqual(lines);
  });

  test('are the same for any chunks, even with a split character', async () => {
    const text = fc.array(
      fc.string({ unit: 'binary' }).map((line) => Buffer.from(line).toString('utf8').replaceAll('\n', '')),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (lines, size) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(await split(chunks, 100_000)).toEqual(lines);
      }),
    );
  });

  test.each([{ chunks: ['12345678901\n'] }, { chunks: ['123456', '789012'] }, { chunks: ['1234567890', '1\n'] }])(
    'longer than the limit end the stream, finished or not: $chunks',
    async ({ chunks }) => {
      await expect(split(chunks, 10)).rejects.toThrow('longer than 10 bytes');
    },
  );

  test('of exactly the limit pass', async () => {
    expect(await split(['1234567890\n'], 10)).toEqual(['1234567890']);
  });
});
