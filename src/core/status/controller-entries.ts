/**
 * Statuses with an entry of each controller: `parents` of a route, `ancestors` of a policy. The API server treats such a list as one value, so
 * the entries of other controllers are repeated.
 */
import { controllerName, gatewayApiGroup } from '../names/names.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import {
  dateConditions,
  entriesOf,
  isSameReference,
  readConditions,
  type Observed,
  type Verdict,
} from './dated-conditions.ts';

/** `ref`: to the parent or ancestor. */
export type OwnEntry = { ref: Readonly<Record<string, unknown>>; verdicts: readonly Verdict[] };

export const refFields = { parents: 'parentRef', ancestors: 'ancestorRef' } as const;

/** Returns undefined if there is no entry of Holdfast, and was none: the object is not its to judge. */
export function judgeEntries(
  list: keyof typeof refFields,
  own: readonly OwnEntry[],
  observed: Observed,
  nowMs: number,
): Record<string, unknown>[] | undefined {
  const known = entriesOf(observed.status, list);
  const others = known.filter((entry) => entry['controllerName'] !== controllerName);
  const previous = known.filter((entry) => entry['controllerName'] === controllerName);
  if (own.length === 0 && previous.length === 0) return undefined;
  const field = refFields[list];
  const entries = own.map(({ ref, verdicts }) => {
    const before = readConditions(previous.find((entry) => isSameReference(entry[field], ref)));
    return { [field]: ref, controllerName, conditions: dateConditions(verdicts, observed, { nowMs, before }) };
  });
  return [...others, ...entries];
}

/** The API allows as many. */
export const mostEntries = { parents: 32, ancestors: 16 } as const;

export const ancestorRef = ({ namespace, name }: GatewayRef): OwnEntry['ref'] => ({
  group: gatewayApiGroup,
  kind: 'Gateway',
  namespace,
  name,
});

/** The status of a policy: verdicts for each Gateway whose routes lead to its targets. */
export function judgeAncestors(
  gateways: readonly GatewayRef[],
  verdictsOf: (gateway: GatewayRef) => readonly Verdict[],
  observed: Observed,
  nowMs: number,
): object | undefined {
  const own = gateways.map((gateway) => ({ ref: ancestorRef(gateway), verdicts: verdictsOf(gateway) }));
  const ancestors = judgeEntries('ancestors', own, observed, nowMs);
  return ancestors && { ancestors: ancestors.slice(0, mostEntries.ancestors) };
}
