import { describe, expect, test } from '@jest/globals';
import { HpackDecoder, type HpackField } from '../../../../src/dataplane/h2/hpack-decoder.ts';
import { BlockWriter } from '../../../../src/dataplane/h2/hpack-encoder.ts';
import { fc } from '../../../support/fast-check.ts';

const latin1 = (bytes: Uint8Array, from: number, to: number) =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1');

/** Decodes blocks one after another, as on one connection. Undefined: a block is not valid. */
function decodeAll(...blocks: string[]): string[][] | undefined {
  const decoder = new HpackDecoder();
  const lists: string[][] = [];
  for (const block of blocks) {
    const fields: string[] = [];
    const bytes = Buffer.from(block.replaceAll(' ', ''), 'hex');
    const sink = {
      field({ name, nameStart, nameEnd, value, valueStart, valueEnd, neverIndexed }: HpackField) {
        const never = neverIndexed ? ' (never indexed)' : '';
        fields.push(`${latin1(name, nameStart, nameEnd)}: ${latin1(value, valueStart, valueEnd)}${never}`);
      },
    };
    if (!decoder.decode(bytes, 0, bytes.length, sink)) return undefined;
    lists.push(fields);
  }
  return lists;
}

const decode = (block: string) => decodeAll(block)?.[0];

describe('the examples of RFC 7541 Appendix C', () => {
  test.each([
    ['C.2.1', '400a6375 73746f6d 2d6b6579 0d637573 746f6d2d 68656164 6572', 'custom-key: custom-header'],
    ['C.2.2', '040c2f73 616d706c 652f7061 7468', ':path: /sample/path'],
    ['C.2.3', '10087061 7373776f 72640673 65637265 74', 'password: secret (never indexed)'],
    ['C.2.4', '82', ':method: GET'],
  ])('%s, a field', (_, block, field) => {
    expect(decode(block)).toEqual([field]);
  });

  const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
  const requests = [
    first,
    [...first, 'cache-control: no-cache'],
    [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
  ];
  test.each([
    [
      'C.3, requests without Huffman code',
      '82868441 0f777777 2e657861 6d706c65 2e636f6d',
      '828684be 58086e6f 2d636163 6865',
      '828785bf 400a6375 73746f6d 2d6b6579 0c637573 746f6d2d 76616c75 65',
    ],
    [
      'C.4, requests with Huffman code',
      '82868441 8cf1e3c2 e5f23a6b a0ab90f4 ff',
      '828684be 5886a8eb 10649cbf',
      '828785bf 408825a8 49e95ba9 7d7f8925 a849e95b b8e8b4bf',
    ],
  ])('%s', (_, ...blocks) => {
    expect(decodeAll(...blocks)).toEqual(requests);
  });

  test('C.6, responses with Huffman code, and a table of 256 bytes that evicts', () => {
    const date = (second: number) => `date: Mon, 21 Oct 2013 20:13:${second} GMT`;
    const location = 'location: https://www.example.com';
    expect(
      decodeAll(
        // The example begins with this size; here a block announces it.
        `3fe101 48826402 5885aec3 771a4b61 96d07abe 941054d4 44a82005 95040b81 66e082a6
         2d1bff6e 919d29ad 171863c7 8f0b97c8 e9ae82ae 43d3`.replaceAll('\n', ''),
        '4883640e ffc1c0bf',
        `88c16196 d07abe94 1054d444 a8200595 040b8166 e084a62d 1bffc05a 839bd9ab
         77ad94e7 821dd7f2 e6c7b335 dfdfcd5b 3960d5af 27087f36 72c1ab27 0fb5291f
         95873160 65c003ed 4ee5b106 3d5007`.replaceAll('\n', ''),
      ),
    ).toEqual([
      [':status: 302', 'cache-control: private', date(21), location],
      [':status: 307', 'cache-control: private', date(21), location],
      [
        ':status: 200',
        'cache-control: private',
        date(22),
        location,
        'content-encoding: gzip',
        'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      ],
    ]);
  });
});

describe('a block that is not valid', () => {
  test.each([
    ['index 0', '80'],
    ['an index beyond both tables', 'be'],
    ['the name of an index beyond both tables', '7e 0161'],
    ['a string that is longer than the block', '4005 6162'],
    ['an integer that does not end', 'ff ffffff'],
    ['an integer that is too large', 'ff ffffffffffffffffff01'],
    ['a table that is larger than the one that was offered', '3fe21f'],
    ['a new size of the table after a field', '8220'],
    ['three new sizes of the table', '202020'],
    ['a Huffman code that contains the end of a string', '4081ff 0161'],
    ['a Huffman code with a whole byte of padding', '4082 07ff 0161'],
    ['a Huffman code that is padded with zeros', '408118 0161'],
  ])('%s', (_, block) => {
    expect(decode(block)).toBeUndefined();
  });

  test('any bytes are decoded or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const fields = decode(Buffer.from(bytes).toString('hex'));
        expect(fields === undefined || Array.isArray(fields)).toBe(true);
      }),
      { numRuns: 2000, seed: 3 },
    );
  });
});

describe('what the proxy encodes', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/);
  const value = fc.string({ maxLength: 300, unit: 'binary-ascii' });

  test('is decoded as the same fields, with names in lower case', () => {
    const writer = new BlockWriter();
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (fields) => {
        writer.begin();
        for (const [one, its] of fields) writer.field(one, its);
        const block = Buffer.from(writer.end(), 'latin1').toString('hex');
        expect(decode(block)).toEqual(fields.map(([one, its]) => `${one.toLowerCase()}: ${its}`));
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test('uses the names of the static table', () => {
    const writer = new BlockWriter();
    writer.begin();
    writer.field('Content-Type', 'a');
    expect(Buffer.from(writer.end(), 'latin1').toString('hex')).toBe('0f100161');
  });
});
