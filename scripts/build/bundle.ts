/** The bundle: the command line, and a chunk for each process, so that a process loads only its own code. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import manifest from '../../package.json' with { type: 'json' };
import { renderLicenses } from './licenses.ts';
import { skeletonPackage } from './skeleton-package.ts';

const root = join(import.meta.dirname, '../..');

/** Clears the folder and writes the bundle to it; returns esbuild's metadata of the outputs. Rejects with a message that contains every error. */
export async function bundle(outdir: string): Promise<Metafile['outputs']> {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: { holdfast: 'src/cli/main.ts' },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    chunkNames: 'chunks/[name]-[hash]',
    // Keeps stack traces and names of errors readable; a server gains nothing from smaller files. Not with `keepNames`, which defines the name of
    // each function anew whenever it is created: of each closure of each request.
    minify: false,
    legalComments: 'linked',
    plugins: [skeletonPackage],
    metafile: true,
    logLevel: 'silent',
    // CommonJS packages call require(), which ES modules do not have.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);",
    },
  });
  if (warnings.length > 0) {
    throw new Error(
      warnings.map(({ text, location }) => `${location?.file ?? ''}:${location?.line ?? ''} ${text}`).join('\n'),
    );
  }
  const { name, version, license, type } = manifest;
  writeFileSync(
    join(outdir, 'package.json'),
    `${JSON.stringify({ name, version, license, type, private: true }, null, 2)}\n`,
  );
  writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES.txt'), renderLicenses(root, Object.keys(metafile.inputs)));
  return metafile.outputs;
}
