/** What a Gateway reports of resources that its proxies refuse. */
import type { Reason } from '../../api/reasons.ts';
import type { Refusal } from '../../wire/messages.ts';
import { formatCount, formatList } from '../names/format.ts';

export const resourceRefused = 'ResourceRefused' satisfies Reason;

const longestProblem = 200;

/** The problems are texts of proxies: bounded, because they become part of a status and of an event. */
export function explainRefused(refused: readonly Refusal[]): string {
  const problems = refused.map(({ id, problem }) => `${id}: ${problem}`.slice(0, longestProblem));
  return (
    `Proxies refuse ${formatCount(refused.length, 'resource')} and keep the previous version of each: ${formatList(problems, { max: 3, separator: '; ' })}. ` +
    'If proxies of an older version run, wait until they are replaced; otherwise undo the last change, and report this defect of Holdfast.'
  );
}
