import { expect, test } from '@jest/globals';
import { describeError } from '../../../src/platform/errors.ts';

test.each([
  { error: new Error('write failed', { cause: new Error('disk full') }), text: 'write failed: disk full' },
  {
    error: new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]),
    text: '::1 refused; 127.0.0.1 refused',
  },
  { error: { code: 7 }, text: '{ code: 7 }' },
])('an error is described in one line with its causes: $text', ({ error, text }) => {
  expect(describeError(error)).toBe(text);
});
