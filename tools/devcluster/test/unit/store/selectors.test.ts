import { describe, expect, test } from '@jest/globals';
import { matchesFields, parseFieldSelector } from '../../../store/field-selector.ts';
import {
  formatLabelSelector,
  matchesLabels,
  parseLabelSelector,
  readLabelSelector,
} from '../../../store/label-selector.ts';
import { StatusError } from '../../../status-error.ts';

const labels = { app: 'web', tier: 'front' };

describe('label selectors', () => {
  test.each([
    ['nothing asked for takes everything', '', true],
    ['an equal value', 'app=web', true],
    ['an equal value, written twice', 'app==web', true],
    ['another value', 'app=api', false],
    ['not that value', 'app!=api', true],
    ['not this value', 'app!=web', false],
    ['a missing label has no value that it must not have', 'zone!=a', true],
    ['one of a set', 'app in (api, web)', true],
    ['none of a set', 'app notin (api, web)', false],
    ['a missing label is in no set', 'zone notin (a)', true],
    ['an existing label', 'tier', true],
    ['a label that is not there', '!zone', true],
    ['a label that must not be there', '!app', false],
    ['all requirements must hold', 'app=web,tier in (front,back),!zone', true],
    ['one that does not hold is enough', 'app=web,tier=back', false],
    ['names of the prototype are no labels', 'constructor', false],
  ])('%s', (_, text, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  test('an invalid label selector is refused', () => {
    expect(() => parseLabelSelector('a===b')).toThrow(
      new StatusError('BadRequest', "unable to parse requirement: found '=', expected: identifier"),
    );
  });

  test.each([
    ['labels', { matchLabels: { app: 'web' } }, true],
    [
      'expressions',
      {
        matchExpressions: [
          { key: 'app', operator: 'In', values: ['web'] },
          { key: 'zone', operator: 'DoesNotExist' },
        ],
      },
      true,
    ],
    [
      'labels and expressions',
      { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] },
      false,
    ],
    ['an empty one takes everything', {}, true],
  ])('of a spec: %s', (_, source, expected) => {
    expect(matchesLabels(readLabelSelector(source) ?? [], labels)).toBe(expected);
  });

  test('a spec without a selector has none', () => {
    expect(readLabelSelector(undefined)).toBeUndefined();
  });

  test('the text of a selector in a Scale parses to the same selector', () => {
    const text = formatLabelSelector(
      readLabelSelector({
        matchLabels: { b: '1' },
        matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }],
      }) ?? [],
    );
    expect(text).toBe('a in (x,y),b=1');
    expect(matchesLabels(parseLabelSelector(text), { a: 'x', b: '1' })).toBe(true);
  });
});

describe('field selectors', () => {
  const pod = { metadata: { name: 'a', namespace: 'n' }, spec: { nodeName: 'one' }, status: {} };
  const known = ['spec.nodeName', 'status.phase'];

  test.each([
    ['by name', 'metadata.name=a', true],
    ['by another name', 'metadata.name=b', false],
    ['by a field that this kind has', 'spec.nodeName=one', true],
    ['not by a value', 'spec.nodeName!=one', false],
    ['a missing field is empty', 'status.phase=', true],
    ['all must hold', 'metadata.namespace=n,spec.nodeName=two', false],
  ])('%s', (_, text, expected) => {
    expect(matchesFields(parseFieldSelector(text, known), pod)).toBe(expected);
  });

  test('an unsupported field in a field selector is refused', () => {
    expect(() => parseFieldSelector('spec.color=red', known)).toThrow('field label not supported: spec.color');
    expect(() => parseFieldSelector('spec.color=red', [])).toThrow(
      '"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });
});
