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
  const read = files.map((file) => readManifests(readText(file), nameOf(file)));
  const result = await runOffline(
    read.flatMap(({ manifests }) => manifests),
    { operatorNamespace: values.namespace, nowMs: Date.now() },
  );
  report([...read.flatMap(({ problems }) => problems), ...result.faults], result.ignored);
  process.stdout.write(presentResult(result, { objects: values.objects }));
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? stdin : file, 'utf8');
  } catch (error) {
    throw new Error(`${nameOf(file)} cannot be read`, { cause: error });
  }
}

const nameOf = (file: string): string => (file === '-' ? 'standard input' : file);

/** What is left out makes the command fail. What is ignored may be on purpose: a file often has objects of other controllers. */
function report(faults: readonly string[], ignored: readonly string[]): void {
  for (const sentence of ignored) process.stderr.write(`warning: ${sentence}\n`);
  for (const sentence of faults) process.stderr.write(`error: ${sentence}\n`);
  if (faults.length === 0) return;
  process.stderr.write('holdfast translate: what has errors is left out below: correct it and translate again.\n');
  process.exitCode = 1;
}

try {
  await run(process.argv.slice(3));
} catch (error) {
  process.stderr.write(`holdfast translate: ${describeError(error)}\n`);
  process.exitCode = 2;
}
