/** The status of an XBackendTrafficPolicy: one entry for each Gateway whose routes lead to a Service that it targets. */
import type { JudgedPolicy } from '../route/judge-policies.ts';
import { judgeAncestors } from './controller-entries.ts';
import { holds, lacks, type Observed } from './dated-conditions.ts';

/** Returns undefined if there is no entry of Holdfast, and was none. */
export function judgePolicy(
  { gateways, problem }: JudgedPolicy,
  observed: Observed,
  nowMs: number,
): object | undefined {
  const verdict = problem
    ? lacks('Accepted', problem.reason, problem.message)
    : holds('Accepted', 'Accepted', 'Rules that lead to the Services and have no sessions of their own have these.');
  return judgeAncestors(gateways, [verdict], observed, nowMs);
}
