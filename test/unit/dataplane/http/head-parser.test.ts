import { describe, expect, test } from '@jest/globals';
import { nameText, valueText } from '../../../../src/dataplane/http/head-fields.ts';
import { parseRequestHead, parseResponseHead } from '../../../../src/dataplane/http/head-parser.ts';
import { createHead } from '../../../../src/dataplane/http/head.ts';
import type { HeadOutcome } from '../../../../src/dataplane/http/head-parser.ts';
import { fc } from '../../../support/fast-check.ts';

const limits = { lineBytes: 8192, headBytes: 32_768, fields: 100 };

type Parsed = { outcome: HeadOutcome; fields: [string, string][]; end: number; status: number };

function parse(text: string, kind: 'request' | 'response', within = limits): Parsed {
  const head = createHead(within);
  const bytes = Buffer.from(text, 'latin1');
  const outcome = (kind === 'request' ? parseRequestHead : parseResponseHead)(head, bytes, 0, bytes.length);
  const fields =
    outcome === 'complete'
      ? Array.from({ length: head.count }, (_, at): [string, string] => [nameText(head, at), valueText(head, at)])
      : [];
  return { outcome, fields, end: head.end, status: head.status };
}

const reasonOf = ({ outcome }: Parsed) => (typeof outcome === 'string' ? outcome : outcome.reason);

describe('a valid head', () => {
  test('has its names and values as sent, without the white space around values', () => {
    const { fields } = parse('GET /a?b HTTP/1.1\r\nHost: x\r\nX-Odd:\t a b \t\r\nempty:\r\n\r\nbody', 'request');
    expect(fields).toEqual([
      ['Host', 'x'],
      ['X-Odd', 'a b'],
      ['empty', ''],
    ]);
  });

  test('ends before the bytes that follow it', () => {
    const text = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    expect(parse(`${text}GET /next`, 'request').end).toBe(text.length);
  });

  test.each([
    { lines: 1, outcome: 'complete' },
    { lines: 8, outcome: 'complete' },
    { lines: 9, outcome: 'InvalidMethod' },
  ])('may follow empty lines, because old clients send them after a body: $lines', ({ lines, outcome }) => {
    const empty = '\r\n'.repeat(lines);
    expect(reasonOf(parse(`${empty}GET / HTTP/1.1\r\nHost: x\r\n\r\n`, 'request'))).toBe(outcome);
  });

  test.each([
    { text: '\r', outcome: 'incomplete' },
    { text: '\r\n', outcome: 'incomplete' },
    { text: '\r\n\r', outcome: 'incomplete' },
    { text: '\r\rGET', outcome: 'InvalidMethod' },
    { text: '\n', outcome: 'BareLineFeed' },
    { text: '\rGET', outcome: 'InvalidMethod' },
  ])('after a part of an empty line is $outcome: $text', ({ text, outcome }) => {
    expect(reasonOf(parse(text, 'request'))).toBe(outcome);
  });

  test('may omit the blank before an empty reason', () => {
    expect(parse('HTTP/1.1 200\r\n\r\n', 'response')).toMatchObject({ outcome: 'complete', status: 200 });
  });

  test.each([
    ['a status below 100', 'HTTP/1.1 099 X\r\n\r\n', 'InvalidStatusLine'],
    ['a status above 599', 'HTTP/1.1 600 X\r\n\r\n', 'InvalidStatusLine'],
    ['a status of two digits', 'HTTP/1.1 20 X\r\n\r\n', 'InvalidStatusLine'],
    ['a status of four digits', 'HTTP/1.1 2000 X\r\n\r\n', 'InvalidStatusLine'],
    ['a bare LF after the status line', 'HTTP/1.1 200 OK\nA: b\r\n\r\n', 'BareLineFeed'],
    ['HTTP/2 in a status line', 'HTTP/2.0 200 OK\r\n\r\n', 'UnsupportedVersion'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', 'ObsoleteFold'],
  ])('a response is refused for %s', (_, text, reason) => {
    expect(reasonOf(parse(text, 'response'))).toBe(reason);
  });
});

describe('an incomplete head', () => {
  const whole = 'POST /path?q=1 HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 3\r\n\r\n';

  test('is every proper prefix of a head', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(reasonOf(parse(whole.slice(0, length), 'request'))).toBe('incomplete');
    }
    expect(reasonOf(parse(whole, 'request'))).toBe('complete');
  });

  test('is parsed without the bytes beyond its end, which an earlier read left in the buffer', () => {
    const head = createHead(limits);
    const bytes = Buffer.from(`${whole}garbage`, 'latin1');
    for (let length = 0; length < whole.length; length++) {
      expect(parseRequestHead(head, bytes, 0, length)).toBe('incomplete');
    }
  });

  test('is refused at the limits of the request line, of all bytes and of the number of headers', () => {
    const small = { lineBytes: 40, headBytes: 200, fields: 3 };
    expect(reasonOf(parse(`GET /${'a'.repeat(40)} HTTP/1.1\r\nHost: x\r\n\r\n`, 'request', small))).toBe(
      'RequestLineTooLong',
    );
    expect(reasonOf(parse(`GET /${'a'.repeat(300)}`, 'request', small))).toBe('RequestLineTooLong');
    expect(reasonOf(parse(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(200)}`, 'request', small))).toBe(
      'HeadTooLarge',
    );
    expect(reasonOf(parse('GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n', 'request', small))).toBe(
      'TooManyFields',
    );
    expect(reasonOf(parse('GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\n\r\n', 'request', small))).toBe('complete');
  });
});

test('the parse of any bytes is complete, incomplete or refused, and complete only with an empty line', () => {
  const soup = fc.array(
    fc.constantFrom(
      'GET ',
      '/',
      ' HTTP/1.1',
      '\r\n',
      '\r',
      '\n',
      'Host',
      ':',
      ' ',
      'x',
      '\t',
      '\0',
      'é',
      'Content-Length: 1',
    ),
    {
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(soup, (pieces) => {
      const text = pieces.join('');
      const { outcome, end } = parse(text, 'request');
      if (outcome === 'complete') expect(text.slice(0, end).endsWith('\r\n\r\n')).toBe(true);
    }),
    { numRuns: 2000, seed: 4 },
  );
});
