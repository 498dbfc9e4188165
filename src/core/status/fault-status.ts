/** The status of an object that the operator cannot translate. Its spec may not be readable. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { StickyWorkloadStatus } from '../../api/status.ts';
import type { Judgement } from './conditions.ts';
import type { Reason } from '../../api/reasons.ts';
import { controllerName } from '../names/names.ts';
import { mostEntries, refFields } from './controller-entries.ts';
import {
  dateCondition,
  dateConditions,
  entriesOf,
  isSameReference,
  lacks,
  readConditions,
  type Observed,
} from './dated-conditions.ts';

/** Everything else in the status stays as it was: the previous version of the spec may still be served. */
export function judgeFault(
  { metadata: { generation }, status = {} }: StickyWorkload,
  message: string,
  nowMs: number,
): StickyWorkloadStatus {
  const judged: Judgement[] = [
    { type: 'Accepted', status: 'False', reason: 'TranslationFailed', message },
    { type: 'Ready', status: 'False', reason: 'NotAccepted', message },
  ];
  const before = status.conditions ?? [];
  return {
    ...status,
    observedGeneration: generation,
    conditions: [
      ...judged.map((judgement) => dateCondition(judgement, generation, { nowMs, before })),
      ...before.filter(({ type }) => judged.every((judgement) => judgement.type !== type)),
    ],
  };
}

const failed = 'TranslationFailed' satisfies Reason;

/** Returns the status of an object with conditions of its own. Everything else in it stays as it was. */
export const judgeFaultyObject = (message: string, observed: Observed, nowMs: number): object => ({
  ...observed.status,
  conditions: withFault(observed.status, message, { observed, nowMs }),
});

/** `list`: of the entries of controllers. `refs`: what the object refers to; undefined if that is not readable: then the last known. */
export type FaultyEntries = { list: keyof typeof refFields; refs: readonly object[] | undefined; message: string };

/** Returns undefined if there is no entry of Holdfast, and was none. */
export function judgeFaultyEntries(
  { list, refs, message }: FaultyEntries,
  observed: Observed,
  nowMs: number,
): object | undefined {
  const known = entriesOf(observed.status, list);
  const field = refFields[list];
  const previous = known.filter((entry) => entry['controllerName'] === controllerName);
  const wanted: readonly unknown[] = refs ?? previous.map((entry) => entry[field]);
  if (wanted.length === 0 && previous.length === 0) return undefined;
  const own = wanted.map((ref) => {
    const before = previous.find((entry) => isSameReference(entry[field], Object(ref)));
    return { [field]: ref, controllerName, conditions: withFault(before, message, { observed, nowMs }) };
  });
  return { [list]: [...known.filter((entry) => !previous.includes(entry)), ...own].slice(0, mostEntries[list]) };
}

type At = { observed: Observed; nowMs: number };

/** Condition Accepted, and the others as they were. */
function withFault(holder: Record<string, unknown> | undefined, message: string, { observed, nowMs }: At): object[] {
  const before = readConditions(holder);
  const accepted = dateConditions([lacks('Accepted', failed, message)], observed, { nowMs, before });
  return [...accepted, ...before.filter(({ type }) => type !== 'Accepted')];
}
