/** `holdfast translate -f FILE…` */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { operatorNamespace } from '../../core/names/names.ts';
import { runOffline } from '../../operator/offline/offline.ts';
import { describeError } from '../../platform/errors.ts';
import { presentResult } from './present.ts';
import { readManifests } from './read-manifests.ts';

const stdin = 0;

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      filename: { type: 'string', short: 'f', multiple: true, default: [] },
      namespace: { type: 'string', short: 'n', default: operatorNamespace },
      objects: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const files = [...values.filename, ...positionals];
  if (files.length === 0) throw new Error('name the files: -f FILE, or -f - for the standard input');
  const objects = files.flatMap((file) => readManifests(readFileSync(file === '-' ? stdin : file, 'utf8'), file));
  const result = await runOffline(objects, { operatorNamespace: values.namespace, nowMs: Date.now() });
  process.stdout.write(presentResult(result, { objects: values.objects }));
}

try {
  await run(process.argv.slice(3));
} catch (error) {
  process.stderr.write(`holdfast translate: ${describeError(error)}\n`);
  process.exitCode = 2;
}
