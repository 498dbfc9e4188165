import { describe, expect, test } from '@jest/globals';
import { trackUpdate } from '../../../patch/managed-fields.ts';
import { entriesOf, ownersOf, stored, topology, widget, writeAll } from './owned.ts';

describe('an update', () => {
  test('a creation owns the fields that it sets, including structures, except fields of every object', () => {
    const { live } = writeAll([
      {
        by: 'U',
        how: 'update',
        spec: { size: 1, words: { a: '1' } },
        metadata: { labels: { l: '1' }, uid: 'u', resourceVersion: '1', generation: 1 },
      },
    ]);
    expect(entriesOf(live).map(({ fieldsV1 }) => fieldsV1)).toEqual([
      {
        'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } },
        'f:spec': { '.': {}, 'f:size': {}, 'f:words': { '.': {}, 'f:a': {} } },
      },
    ]);
  });

  test('an update takes the fields that it changes from their managers, which keep the others', () => {
    const { live } = writeAll([
      { by: 'A', spec: { size: 1, color: 'red' } },
      { by: 'U', how: 'update', spec: { size: 2, color: 'red' } },
    ]);
    expect(ownersOf(live)).toEqual({ 'A Apply': { 'f:color': {} }, 'U Update': { 'f:size': {} } });
  });

  test('an update that removes a field removes its ownership', () => {
    const { live } = writeAll([
      { by: 'A', spec: { size: 1, tags: ['a', 'b'] } },
      { by: 'U', how: 'update', spec: { size: 1, tags: ['b'] } },
    ]);
    expect(ownersOf(live)).toEqual({ 'A Apply': { 'f:size': {}, 'f:tags': { 'v:"b"': {} } } });
  });

  test('an update that removes a field removes its own ownership, too', () => {
    const { live } = writeAll([
      { by: 'U', how: 'update', spec: { size: 1, color: 'red' } },
      { by: 'U', how: 'update', spec: { size: 1 } },
    ]);
    expect(ownersOf(live)).toEqual({ 'U Update': { '.': {}, 'f:size': {} } });
  });

  test('an update has its own entry for each subresource', () => {
    const before = widget({ size: 1 });
    const created = stored(
      before,
      trackUpdate({ before: undefined, after: before, manager: 'U', topology, nowIso: '2026-01-01T00:00:00Z' }),
    );
    const after = { ...created, status: { ready: 1 } };
    const entries = trackUpdate({
      before: created,
      after,
      manager: 'U',
      subresource: 'status',
      topology,
      nowIso: '2026-01-01T00:00:01Z',
    });
    expect(entries.map(({ fieldsV1, subresource }) => [subresource, fieldsV1])).toEqual([
      [undefined, { 'f:spec': { '.': {}, 'f:size': {} } }],
      ['status', { 'f:status': { '.': {}, 'f:ready': {} } }],
    ]);
  });

  test('an update without a change keeps the entries and their times', () => {
    const { live } = writeAll([{ by: 'U', how: 'update', spec: { size: 1 } }]);
    const same = { ...widget({ size: 1 }) };
    expect(trackUpdate({ before: live, after: same, manager: 'U', topology, nowIso: '2026-01-01T00:00:09Z' })).toEqual(
      entriesOf(live),
    );
  });

  test('an update can rewrite the entries, as kubectl does when it migrates to server-side apply', () => {
    const { live } = writeAll([{ by: 'A', spec: { size: 1 } }]);
    const renamed = entriesOf(live).map((entry) => ({ ...entry, manager: 'B' }));
    const entries = trackUpdate({
      before: live,
      after: stored(widget({ size: 1 }), renamed),
      manager: 'U',
      topology,
      nowIso: '2026-01-01T00:00:09Z',
    });
    expect(entries.map(({ manager }) => manager)).toEqual(['B']);
  });

  test('an update with an empty entry clears the entries', () => {
    const { live } = writeAll([{ by: 'A', spec: { size: 1 } }]);
    const cleared = { ...widget({ size: 1 }), metadata: Object.assign({ name: 'w' }, { managedFields: [{}] }) };
    expect(
      trackUpdate({ before: live, after: cleared, manager: 'U', topology, nowIso: '2026-01-01T00:00:09Z' }),
    ).toEqual([]);
  });
});
