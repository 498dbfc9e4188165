import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { unexplained } from '../../../scripts/generate/annotation-reference.ts';
import { settings, type Setting, type SettingPart } from '../../../src/api/settings.ts';
import { renderCommandHelp } from '../../../src/cli/commands.ts';

const folders: Record<SettingPart, string> = { operator: 'src/operator', proxy: 'src/dataplane', sidecar: 'sidecar' };

/** Names of environment variables in the sources of a part. */
function namesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const found = files.flatMap(
    (file) => readFileSync(join(folder, file), 'utf8').match(/\b(?:HOLDFAST|POD)_[A-Z_]+(?='|: )/g) ?? [],
  );
  return [...new Set(found)].toSorted();
}

test.each(Object.entries(folders))('%s reads the settings of the catalogue, and no others', (part, folder) => {
  const listed = Object.entries<Setting>(settings).filter(([, { parts }]) => parts.some((reader) => reader === part));
  expect(namesIn(folder)).toEqual(
    listed
      .map(([name]) => name)
      .filter((name) => !name.includes('<'))
      .toSorted(),
  );
});

test('every annotation of Holdfast is explained', () => {
  expect(unexplained).toEqual([]);
});

test.each(['operator', 'proxy', 'sidecar'] as const)('holdfast %s --help lists its settings', (name) => {
  expect(renderCommandHelp(name)).toContain('Environment:\n');
});

test.each([
  ['proxy', /--table FILE {2}.*\n/],
  ['translate', /-f FILE {2}.*\n/],
] as const)('holdfast %s --help lists its options', (name, option) => {
  expect(renderCommandHelp(name)).toMatch(option);
});
