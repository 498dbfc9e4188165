/** The license texts of bundled packages: most licenses require that their text is distributed with the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Manifest = { name: string; version: string; license?: string };

/** `inputs`: the files of the bundle, as paths from `root`. */
export function renderLicenses(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((input) => packageFolder(input) ?? []));
  return [...folders]
    .toSorted()
    .map((folder) => renderPackage(join(root, folder)))
    .join('\n');
}

/** `node_modules/a/node_modules/@b/c/d.js` belongs to `node_modules/a/node_modules/@b/c`; the output of a plugin has a prefix with a colon. */
function packageFolder(input: string): string | undefined {
  return /^[^:]*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function renderPackage(folder: string): string {
  const { name, version, license } = readManifest(join(folder, 'package.json'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text =
    file === undefined
      ? 'The package has no file with the license text.'
      : readFileSync(join(folder, file), 'utf8').trim();
  return `${'='.repeat(80)}\n${name} ${version} (${license ?? 'license not named'})\n${'='.repeat(80)}\n\n${text}\n`;
}

function readManifest(file: string): Manifest {
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isManifest(manifest)) throw new Error(`${file} has no name and version`);
  return manifest;
}

const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' && value !== null && 'name' in value && 'version' in value;
