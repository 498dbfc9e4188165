import { expect, test } from '@jest/globals';
import { compileOrigins } from '../../../../src/dataplane/filters/origins.ts';

const allowed = ['https://www.foo.com', 'https://*.bar.com', 'http://shop.test:8080', 'https://open.test:443'];

test.each([
  ['https://www.foo.com', true],
  ['https://WWW.foo.com', true],
  ['http://www.foo.com', false],
  ['https://foo.com', false],
  ['https://www.foo.com:8443', false],
  ['https://www.foo.com.evil.test', false],
  ['https://www.bar.com', true],
  ['https://a.b.bar.com', true],
  ['https://bar.com', false],
  ['https://.bar.com', false],
  ['https://evilbar.com', false],
  ['https://evil.test:1.bar.com', false],
  ['https://evil.test/.bar.com', false],
  ['http://shop.test:8080', true],
  ['http://shop.test', false],
  ['https://open.test', true],
  ['null', false],
])('%s is allowed: %s', (origin, isAllowed) => {
  expect(compileOrigins(allowed)(origin)).toBe(isAllowed);
});

test('* allows every origin, and https://* every host', () => {
  expect(['null', 'http://a.test:81'].map(compileOrigins(['*']))).toEqual([true, true]);
  expect(['https://a.test', 'https://a.test:81', 'http://a.test'].map(compileOrigins(['https://*']))).toEqual([
    true,
    false,
    false,
  ]);
});
