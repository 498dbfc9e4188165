import { expect, test } from '@jest/globals';
import { parseResponseHead } from '../../../../src/dataplane/http/head-parser.ts';
import { copyHead, createHead, type Head } from '../../../../src/dataplane/http/head.ts';
import { createHeaderNames } from '../../../../src/dataplane/http/header-names.ts';
import { keepReturn, knownReturn } from '../../../../src/dataplane/http/known-returns.ts';
import { createRepeatedHead } from '../../../../src/dataplane/http/repeated-head.ts';
import { cookieCarrier, filterOf } from '../../../support/proxy-table.ts';

function repeatedHead(line: string): Head {
  const parsed = createHead({ lineBytes: 8192, headBytes: 32_768, fields: 100 });
  const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`);
  expect(parseResponseHead(parsed, bytes, 0, bytes.length)).toBe('complete');
  const head = copyHead(parsed);
  head.repeated = createRepeatedHead();
  return head;
}

const plain = { filter: undefined, sessionFields: [], edits: undefined };
const edits = { removed: createHeaderNames(['x-a']), added: [] };
const withFilter = { ...plain, filter: filterOf(cookieCarrier({ name: 'sid' })) };

test('a response that was written is known in its version, with its edits and its lines for the connection', () => {
  const head = repeatedHead('X-A: 1');
  expect(keepReturn(head, plain, { form: 'HTTP1', hopLines: '', text: 'written' })).toBe('written');
  expect(knownReturn(head, plain, 'HTTP1', '')).toBe('written');
  expect(knownReturn(head, withFilter, 'HTTP1', '')).toBe('written');
  expect(knownReturn(head, plain, 'HTTP2', '')).toBeUndefined();
  expect(knownReturn(head, plain, 'HTTP1', 'Connection: close\r\n')).toBeUndefined();
  expect(knownReturn(head, { ...plain, edits }, 'HTTP1', '')).toBeUndefined();
});

test.each([
  ['a field of its session', 'X-A: 1', { ...plain, sessionFields: [{ name: 'Set-Cookie', value: 'sid=1' }] }],
  ['a cookie that may be hidden', 'Set-Cookie: a=1', withFilter],
  ['a header that may carry tokens', 'X-A: 1', { ...plain, filter: filterOf({ type: 'Header', name: 'X-Session' }) }],
])('a response with %s is written each time', (_, line, changes) => {
  const head = repeatedHead(line);
  keepReturn(head, changes, { form: 'HTTP1', hopLines: '', text: 'written' });
  expect(knownReturn(head, changes, 'HTTP1', '')).toBeUndefined();
  keepReturn(head, plain, { form: 'HTTP1', hopLines: '', text: 'written' });
  expect(knownReturn(head, changes, 'HTTP1', '')).toBeUndefined();
});
