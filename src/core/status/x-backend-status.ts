/** The status of an XBackend: one entry for each Gateway whose routes refer to it. */
import type { JudgedXBackend } from '../route/judge-x-backends.ts';
import { judgeAncestors } from './controller-entries.ts';
import { holds, lacks, type Observed } from './dated-conditions.ts';

/** Returns undefined if there is no entry of Holdfast, and was none. */
export function judgeXBackend(
  { gateways, problems }: JudgedXBackend,
  observed: Observed,
  nowMs: number,
): object | undefined {
  const [first] = problems;
  const verdict = first
    ? lacks('Accepted', first.reason, `${problems.map(({ message }) => message).join(' ')} Requests to it get 500.`)
    : holds('Accepted', 'Accepted', 'The pods with its labels receive the requests of routes that refer to it.');
  return judgeAncestors(gateways, () => [verdict], observed, nowMs);
}
