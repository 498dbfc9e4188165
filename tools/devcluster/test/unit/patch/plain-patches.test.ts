import { describe, expect, test } from '@jest/globals';
import { applyJsonPatch } from '../../../patch/json-patch.ts';
import { applyMergePatch } from '../../../patch/merge-patch.ts';

const settings = () => ({ metadata: { labels: { a: '1', 'a.b/c': '2' }, finalizers: ['x', 'y'] }, data: { k: 'v' } });

describe('JSON patch', () => {
  test.each<[sentence: string, patch: object[], changed: object]>([
    [
      'operations follow each other',
      [
        { op: 'test', path: '/data/k', value: 'v' },
        { op: 'replace', path: '/data/k', value: 'w' },
        { op: 'test', path: '/data/k', value: 'w' },
      ],
      { data: { k: 'w' } },
    ],
    [
      'replace makes a field, as the API server lets it',
      [{ op: 'replace', path: '/data/new', value: '1' }],
      { data: { k: 'v', new: '1' } },
    ],
    [
      'an element is put before another',
      [{ op: 'add', path: '/metadata/finalizers/0', value: 'z' }],
      { metadata: { ...settings().metadata, finalizers: ['z', 'x', 'y'] } },
    ],
    [
      'an element is put last',
      [{ op: 'add', path: '/metadata/finalizers/-', value: 'z' }],
      { metadata: { ...settings().metadata, finalizers: ['x', 'y', 'z'] } },
    ],
    [
      'a name with a slash is escaped',
      [{ op: 'remove', path: '/metadata/labels/a.b~1c' }],
      { metadata: { labels: { a: '1' }, finalizers: ['x', 'y'] } },
    ],
    ['a value moves', [{ op: 'move', from: '/data/k', path: '/data/z' }], { data: { z: 'v' } }],
  ])('%s', (_sentence, patch, changed) => {
    const before = settings();
    expect(applyJsonPatch(before, patch)).toEqual({ ...settings(), ...changed });
    expect(before).toEqual(settings());
  });

  test.each<[sentence: string, patch: unknown]>([
    ['a test that fails', [{ op: 'test', path: '/data/k', value: 'x' }]],
    ['the removal of a missing field', [{ op: 'remove', path: '/data/zz' }]],
    ['a missing parent', [{ op: 'add', path: '/nope/x', value: '1' }]],
    ['a field of a string', [{ op: 'add', path: '/data/k/x', value: 1 }]],
    ['an element beyond the end', [{ op: 'add', path: '/metadata/finalizers/9', value: 'z' }]],
    ['an unknown operation', [{ op: 'bogus', path: '/data/k' }]],
    ['no path', [{ op: 'replace', value: 1 }]],
    ['an add without a value', [{ op: 'add', path: '/data/q' }]],
  ])('is refused for %s', (_sentence, patch) => {
    expect(() => applyJsonPatch(settings(), patch)).toThrow(
      expect.objectContaining({
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
      }),
    );
  });

  test('a JSON patch that is not a list is refused', () => {
    const message = 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp';
    expect(() => applyJsonPatch(settings(), { op: 'remove' })).toThrow(
      expect.objectContaining({ reason: 'BadRequest', message }),
    );
  });
});

describe('merge patch', () => {
  test.each<[sentence: string, patch: Record<string, unknown>, result: object]>([
    ['objects merge', { data: { q: '1' } }, { ...settings(), data: { k: 'v', q: '1' } }],
    [
      'null takes away',
      { data: null, metadata: { labels: { a: null } } },
      { metadata: { labels: { 'a.b/c': '2' }, finalizers: ['x', 'y'] } },
    ],
    [
      'lists are replaced',
      { metadata: { finalizers: ['z'] } },
      { ...settings(), metadata: { ...settings().metadata, finalizers: ['z'] } },
    ],
    ['nulls in new objects are removed', { spec: { a: { b: null, c: 1 } } }, { ...settings(), spec: { a: { c: 1 } } }],
    ['an object replaces a string', { data: { k: { x: 1 } } }, { ...settings(), data: { k: { x: 1 } } }],
  ])('%s', (_sentence, patch, result) => {
    const before = Object.freeze(settings());
    expect(applyMergePatch(before, patch)).toEqual(result);
    expect(before).toEqual(settings());
  });
});
