/** The status of a StickyWorkload that the operator cannot translate. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { StickyWorkloadStatus } from '../../api/status.ts';
import type { Judgement } from './conditions.ts';
import { dateCondition } from './dated-conditions.ts';

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
