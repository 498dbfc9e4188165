/** One text for all matches that the same requests have, so that equal ones are found without comparing each with each. */
import type { RequestMatch } from '../../wire/routing-table.ts';
import { prefixOf } from './match.ts';

/** `requests`: of the whole match. `conditions`: of what it requires beside the path. */
export type MatchKeys = { requests: string; conditions: string };

const known = new WeakMap<RequestMatch, MatchKeys>();

/** Matches are never modified, so the texts are made once. */
export function matchKeys(match: RequestMatch): MatchKeys {
  const before = known.get(match) ?? makeKeys(match);
  known.set(match, before);
  return before;
}

function makeKeys({ path, rpc, method, headers, queryParams }: RequestMatch): MatchKeys {
  const conditions = JSON.stringify([
    method ?? '',
    requirementsOf(headers, (name) => name.toLowerCase()),
    requirementsOf(queryParams, (name) => name),
    ...(rpc ? [[rpc.type, rpc.service, rpc.method]] : []),
  ]);
  const value = path.type === 'PathPrefix' ? prefixOf(path.value) : path.value;
  return { requests: JSON.stringify([path.type, value, conditions]), conditions };
}

/** The conditions of a match that requires nothing beside the path. */
export const noConditions = JSON.stringify(['', [], []]);

type NameValue = NonNullable<RequestMatch['headers']>[number];

/** Gateway API ignores all but the first match of a name; their order means nothing. */
function requirementsOf(list: readonly NameValue[] = [], fold: (name: string) => string): string[][] {
  const byName = new Map<string, string[]>();
  for (const { name, type, value } of list) {
    const folded = fold(name);
    if (!byName.has(folded)) byName.set(folded, [folded, type, value]);
  }
  return [...byName.values()].toSorted(([one = ''], [other = '']) => (one < other ? -1 : Number(one > other)));
}
