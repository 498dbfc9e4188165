import { expect, test } from '@jest/globals';
import { traceIdOf } from '../../../../src/dataplane/http/trace-context.ts';

const [traceId, parentId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];

test.each<[string, string | undefined, string[]]>([
  ['of the current version', traceId, [`00-${traceId}-${parentId}-01`]],
  ['with unknown flags', traceId, [`00-${traceId}-${parentId}-ff`]],
  ['of a later version', traceId, [`cc-${traceId}-${parentId}-01`]],
  ['of a later version with more parts', traceId, [`cc-${traceId}-${parentId}-01-what the future brings`]],
  ['of a later version that continues its flags', undefined, [`cc-${traceId}-${parentId}-01.more`]],
  ['of the current version with more parts', undefined, [`00-${traceId}-${parentId}-01-more`]],
  ['of the version that is forbidden', undefined, [`ff-${traceId}-${parentId}-01`]],
  ['with a trace id of zeros', undefined, [`00-${'0'.repeat(32)}-${parentId}-01`]],
  ['with a parent id of zeros', undefined, [`00-${traceId}-${'0'.repeat(16)}-01`]],
  ['in capital letters', undefined, [`00-${traceId.toUpperCase()}-${parentId}-01`]],
  ['that is cut', undefined, [`00-${traceId}-${parentId}`]],
  ['that is there twice', undefined, [`00-${traceId}-${parentId}-01`, `00-${traceId}-${parentId}-01`]],
  ['that is missing', undefined, []],
])('a traceparent %s has the trace id %s', (_, expected, values) => {
  expect(traceIdOf(values)).toBe(expected);
});
