import { expect, test } from '@jest/globals';
import { parseResponseHead } from '../../../../src/dataplane/http/head-parser.ts';
import { createHead } from '../../../../src/dataplane/http/head.ts';
import { createKnownResponses, KnownResponses } from '../../../../src/dataplane/h1/known-responses.ts';

/** Returns whether the head of each response was known. */
function known(...responses: string[]): boolean[] {
  const heads = new KnownResponses();
  const head = createHead({ lineBytes: 8192, headBytes: 32_768, fields: 100 });
  return responses.map((text) => {
    const bytes = Buffer.from(text);
    if (heads.find(bytes, bytes.length) !== undefined) return true;
    expect(parseResponseHead(head, bytes, 0, bytes.length)).toBe('complete');
    heads.learn(bytes.length, head);
    return false;
  });
}

const response = (lines: string, content = ''): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${content}`;

test('a head that has come three times is known, whatever content follows', () => {
  const responses = ['one', 'two', 'six', 'ten', 'odd'].map((content) => response('Content-Length: 3', content));
  expect(known(...responses)).toEqual([false, false, false, true, true]);
});

test('another head of the same length is not', () => {
  const [one, two] = [response('X-A: 1'), response('X-A: 2')];
  expect(known(one, one, one, one)).toEqual([false, false, false, true]);
  expect(known(one, one, one, two, one, two, two)).toEqual([false, false, false, false, true, false, true]);
});

test('a head that begins like a known one is not', () => {
  const one = response('X-A: 1');
  const longer = `${one.slice(0, -2)}X-B: 234567890\r\n\r\n`;
  expect(longer.length % 8).toBe(one.length % 8);
  expect(known(one, one, one, one, longer)).toEqual([false, false, false, true, false]);
});

test.each([
  ['sets a cookie', response('Set-Cookie: a=1')],
  ['is large', response(`X-A: ${'1'.repeat(2000)}`)],
  ['is not the last of its response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
])('a head that %s is never known', (_, text) => {
  expect(known(text, text, text, text)).toEqual([false, false, false, false]);
});

test('each pod has its own', () => {
  const ofPod = createKnownResponses();
  const [pod, other] = [{}, {}];
  expect(ofPod(pod)).toBe(ofPod(pod));
  expect(ofPod(other)).not.toBe(ofPod(pod));
});
