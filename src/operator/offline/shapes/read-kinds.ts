/** Which kinds are read, and which one a kind that is not read may mean. */
import type { KubeObject } from '../../../kube/ports.ts';
import { groupOf } from '../../gather/static-caches.ts';
import { entriesOf, everyKind } from '../../gather/watched.ts';

const read = entriesOf(everyKind).map(([, { resource }]) => resource);
const kinds: readonly string[] = [...new Set(read.map(({ kind }) => kind))];

/** Returns undefined for an object whose kind is read, otherwise a sentence that says why it is ignored. */
export function explainIgnored(object: KubeObject): string | undefined {
  const { apiVersion, kind } = object;
  const named = read.filter((resource) => resource.kind === kind);
  if (named.some(({ group }) => group === groupOf(object))) return undefined;
  const meant = named[0]?.kind ?? closest(kind);
  const known = read.find((resource) => resource.kind === meant);
  const hint = known === undefined ? '' : ` Did you mean ${known.kind} of ${apiVersionOf(known)}?`;
  return `kind ${kind} of ${apiVersion} is not read, and the object is ignored.${hint}`;
}

const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`;

/** Two letters that differ, lack or are added; capital letters do not count. */
const mostEdits = 2;

function closest(kind: string): string | undefined {
  const [best] = kinds
    .map((known) => ({ known, edits: countEdits(kind.toLowerCase(), known.toLowerCase()) }))
    .filter(({ known, edits }) => edits <= mostEdits && edits < known.length / 2)
    .toSorted((one, other) => one.edits - other.edits);
  return best?.known;
}

/** Levenshtein's distance, row by row. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1];
    for (const [at, other] of Array.from(to).entries()) {
      const replaced = (row[at] ?? 0) + Number(letter !== other);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
