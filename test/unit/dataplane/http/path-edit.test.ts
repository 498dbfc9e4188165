import { describe, expect, test } from '@jest/globals';
import { compilePathEdit } from '../../../../src/dataplane/http/path-edit.ts';

describe('ReplacePrefixMatch', () => {
  // The table of HTTPPathModifier in Gateway API, then what it leaves open.
  test.each([
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo', '/xyz', '/xyz'],
    ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/foo/bar', '/foo', '', '/bar'],
    ['/foo/', '/foo', '', '/'],
    ['/foo', '/foo', '', '/'],
    ['/foo/', '/foo', '/', '/'],
    ['/foo', '/foo', '/', '/'],
    ['/foo', '/foo/', '/xyz/', '/xyz'],
    ['/bar', '/', '/xyz', '/xyz/bar'],
    ['/', '/', '/', '/'],
    ['/foo/a%2Fb//c', '/foo', '/xyz', '/xyz/a%2Fb//c'],
  ])('%s with the prefix %s and the value "%s" becomes %s', (path, prefix, value, edited) => {
    expect(compilePathEdit({ type: 'ReplacePrefixMatch', prefix, value })(path)).toBe(edited);
  });
});

describe('ReplaceFullPath', () => {
  test.each([
    ['/one', '/one'],
    ['', '/'],
    // č is U+010D: its low byte is a carriage return.
    ['/č b', '/%C4%8D%20b'],
  ])('with "%s" makes every path %s', (value, edited) => {
    expect(compilePathEdit({ type: 'ReplaceFullPath', value })('/foo/bar')).toBe(edited);
  });
});
