/** Every generated file, and what of them the checkout has otherwise. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { annotationReference } from './annotation-reference.ts';
import { commandReference } from './command-reference.ts';
import { crdFile, proxyCrdFile } from './crd.ts';
import { dashboardFile } from './dashboard.ts';
import { errorReference } from './error-reference.ts';
import { fieldReference, proxyReference, tableReference } from './field-reference.ts';
import { isGenerated, withHeader } from './file.ts';
import { metricReference } from './metric-reference.ts';
import { reasonReference } from './reason-reference.ts';
import { tableSchema } from './table-schema.ts';

export const root = join(import.meta.dirname, '../..');

/** Folders that hold generated files; files without the header may lie beside them. */
export const generatedFolders = ['crds', 'docs/reference', 'manifests/dashboards'];

const generatedFiles = [
  crdFile,
  proxyCrdFile,
  fieldReference,
  proxyReference,
  tableReference,
  tableSchema,
  reasonReference,
  metricReference,
  errorReference,
  annotationReference,
  commandReference,
  dashboardFile,
];

export type Difference = { path: string; text: string } | { path: string; stale: true };

/** What generating would change: files to write with their new text, and files that nothing generates any more. */
export function findDifferences(): Difference[] {
  const changed = generatedFiles
    .map((file) => ({ path: file.path, text: withHeader(file) }))
    .filter(({ path, text }) => readIfThere(path) !== text);
  const known = new Set(generatedFiles.map((file) => file.path));
  const stale = generatedFolders
    .flatMap(listFolder)
    .filter((path) => !known.has(path) && isGenerated(readIfThere(path) ?? ''))
    .map((path) => ({ path, stale: true as const }));
  return [...changed, ...stale];
}

function listFolder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${folder}/${entry.name}`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
