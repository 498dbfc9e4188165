import { expect, test } from '@jest/globals';
import { KnownRequest } from '../../../../src/dataplane/h1/known-request.ts';
import { parseRequestHead } from '../../../../src/dataplane/http/head-parser.ts';
import { createHead } from '../../../../src/dataplane/http/head.ts';

/** Returns whether the head of each request was known. */
function known(...requests: string[]): boolean[] {
  const ofConnection = new KnownRequest();
  const head = createHead({ lineBytes: 8192, headBytes: 32_768, fields: 100 });
  return requests.map((text) => {
    const bytes = Buffer.from(text);
    if (ofConnection.find(bytes, bytes.length) !== undefined) return true;
    expect(parseRequestHead(head, bytes, 0, bytes.length)).toBe('complete');
    ofConnection.learn(head);
    return false;
  });
}

const get = (lines: string): string => `GET / HTTP/1.1\r\nHost: shop.example\r\n${lines}\r\n\r\n`;

test('a head that has come three times is known, whatever content follows', () => {
  const requests = ['one', 'two', 'six', 'ten', 'odd'].map((content) => `${get('Content-Length: 3')}${content}`);
  expect(known(...requests)).toEqual([false, false, false, true, true]);
});

test('another head of the same length is not', () => {
  const [one, two] = [get('X-A: 1'), get('X-A: 2')];
  expect(known(one, one, one, one)).toEqual([false, false, false, true]);
  expect(known(one, one, one, two, one, two, two)).toEqual([false, false, false, false, true, false, true]);
});

test('a head that begins like a known one is not', () => {
  const one = get('X-A: 1');
  expect(known(one, one, one, `${one.slice(0, -2)}X-B: 2\r\n\r\n`, one)).toEqual([false, false, false, false, true]);
});

test.each([
  ['is large', get(`X-A: ${'1'.repeat(1000)}`)],
  ['upgrades', get('Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==')],
  ['comes after an empty line', `\r\n${get('X-A: 1')}`],
])('a head that %s is never known', (_, text) => {
  expect(known(text, text, text, text)).toEqual([false, false, false, false]);
});
