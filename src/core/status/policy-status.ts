/** The status of an XBackendTrafficPolicy: one entry for each Gateway whose routes lead to a Service that it targets. */
import { controllerName, gatewayApiGroup } from '../names/names.ts';
import type { JudgedPolicy } from '../route/judge-policies.ts';
import {
  dateConditions,
  entriesOf,
  holds,
  isSameReference,
  lacks,
  readConditions,
  type Observed,
} from './dated-conditions.ts';

/** The API allows as many. */
const maxAncestors = 16;

/** Returns undefined if there is no entry of Holdfast, and was none. */
export function judgePolicy(
  { gateways, problem }: JudgedPolicy,
  observed: Observed,
  nowMs: number,
): object | undefined {
  const known = entriesOf(observed.status, 'ancestors');
  const own = known.filter((entry) => entry['controllerName'] === controllerName);
  const others = known.filter((entry) => entry['controllerName'] !== controllerName);
  if (gateways.length === 0 && own.length === 0) return undefined;
  const verdict = problem
    ? lacks('Accepted', problem.reason, problem.message)
    : holds('Accepted', 'Accepted', 'Rules that lead to the Services and have no sessions of their own have these.');
  const entries = gateways.map(({ namespace, name }) => {
    const ancestorRef = { group: gatewayApiGroup, kind: 'Gateway', namespace, name };
    const before = own.find((entry) => isSameReference(entry['ancestorRef'], ancestorRef));
    const conditions = dateConditions([verdict], observed, { nowMs, before: readConditions(before) });
    return { ancestorRef, controllerName, conditions };
  });
  return { ancestors: [...others, ...entries].slice(0, maxAncestors) };
}
