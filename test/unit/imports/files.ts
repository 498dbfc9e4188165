/** The source files, and where their imports lead. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { scanImports } from './scan.ts';

const root = join(import.meta.dirname, '../../..');

/** Paths in the checkout of all files below a folder; none where the folder is missing. */
export function listFiles(folder: string, ending: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .toSorted();
}

export const readSource = (path: string): string => readFileSync(join(root, path), 'utf8');

/** A relative specifier as a path in the checkout; anything else as it is. */
export const resolveTarget = (file: string, specifier: string): string =>
  specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;

/** Everything that running a file loads: files of the checkout, packages and modules of Node. */
export function loadedBy(entry: string): string[] {
  const seen = new Set<string>();
  const open = existsSync(join(root, entry)) ? [entry] : [];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (!file.endsWith('.ts')) continue;
    for (const { specifier, runtime } of scanImports(readSource(file))) {
      if (runtime) open.push(resolveTarget(file, specifier));
    }
  }
  return [...seen].toSorted();
}
