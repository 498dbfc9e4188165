import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { crdFile } from '../../../scripts/generate/crd.ts';
import { fieldReference } from '../../../scripts/generate/field-reference.ts';
import { isGenerated, withHeader } from '../../../scripts/generate/file.ts';
import { code, renderTable } from '../../../scripts/generate/markdown.ts';
import { reasonReference } from '../../../scripts/generate/reason-reference.ts';
import { customResourceDefinition } from '../../../src/api/crd.ts';

const linesOf = (body: string) => body.split('\n');

test('the manifest of the CRD equals the CRD, without YAML anchors', () => {
  expect(parse(crdFile.body)).toEqual(JSON.parse(JSON.stringify(customResourceDefinition)));
  expect(crdFile.body).not.toMatch(/[&*]a\d/);
});

test('the reference of fields lists type, default, values and meaning', () => {
  const lines = linesOf(fieldReference.body);
  expect(lines).toContain(
    '| `spec.drain.sessionSources` | list of string | `["Proxy"]` | ≥ 1, ≤ 3 entries; `Proxy`, `Connections`, `Application` | Sources that count the sessions of a pod. A pod is released only when all of them report zero. |',
  );
  expect(lines).toContain(
    '| `spec.targetRef.name` | string | **required** | ≥ 1, ≤ 253 characters | Name of the workload, in the same namespace. |',
  );
  expect(lines.filter((line) => line.startsWith('| `spec.service.targetPort` | integer or string |'))).toHaveLength(1);
});

test('the reference of fields lists what is rejected', () => {
  expect(linesOf(fieldReference.body)).toEqual(
    expect.arrayContaining([
      '- `spec.drain.timeout`: timeout must not exceed 7 days (168h).',
      '- `spec.route.matches[].path`: value must be an absolute path, starting with /.',
    ]),
  );
});

test('the reference of reasons explains each reason', () => {
  expect(linesOf(reasonReference.body)).toContain('| `TargetNotFound` | The target does not exist. |');
});

test('a bar or a line end in a cell does not break the table', () => {
  expect(linesOf(renderTable(['A'], [['a|b\nc']]))).toEqual(['| A |', '|---|', '| a\\|b c |']);
  expect(code('a`b')).toBe('`` a`b ``');
});

test.each([{ path: 'a.yaml' }, { path: 'a.md' }])(
  '$path states that it is generated, and is recognized by that',
  ({ path }) => {
    const text = withHeader({ path, body: 'kind: A\n' });
    expect(linesOf(text)[0]).toContain('npm run generate');
    expect([isGenerated(text), isGenerated('kind: A\n')]).toEqual([true, false]);
  },
);
