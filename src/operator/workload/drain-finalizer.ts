/** The finalizer by which a StickyWorkload outlives its deletion for as long as pods of it drain. When: `core/resolve/drain-hold.ts`. */
import { apiVersion, kind, type StickyWorkload } from '../../api/stickyworkload.ts';
import { isHeld, type DrainHold } from '../../core/resolve/drain-hold.ts';
import { drainFinalizer } from '../../core/names/names.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import { formatTime } from '../../core/names/format.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { stickyWorkloads } from '../../kube/resources.ts';
import { AppError } from '../../platform/errors.ts';

/**
 * Puts it on or takes it off. Answers a refusal of the API server; what may succeed if tried again is thrown. The UID makes sure that
 * an apply, which creates what is not there, never brings a deleted StickyWorkload back.
 */
export async function keepFinalizer(
  workload: StickyWorkload,
  hold: DrainHold,
  writer: Pick<ObjectWriter, 'apply'>,
): Promise<ApplyOutcome | undefined> {
  const { namespace, name, uid, deletionTimestamp } = workload.metadata;
  const isWanted = hold.kind === 'hold';
  // None can be put on what is deleted already.
  if (isWanted === isHeld(workload) || (isWanted && deletionTimestamp !== undefined)) return undefined;
  try {
    await writer.apply(stickyWorkloads, {
      apiVersion,
      kind,
      metadata: { namespace, name, uid, ...(isWanted && { finalizers: [drainFinalizer] }) },
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error;
    return { kind: 'failed', message: error.message };
  }
}

/** For whoever waits for `kubectl delete` to return. */
export function describeDeletion(
  { metadata }: StickyWorkload,
  { pods, untilMs }: Extract<DrainHold, { kind: 'hold' }>,
): ApplyOutcome {
  const shown = pods.slice(0, 5).join(', ') + (pods.length > 5 ? ` and ${pods.length - 5} more` : '');
  const message =
    `StickyWorkload ${metadata.name} was deleted, and pods of it still drain (${shown}). What serves their sessions stays until they are gone, ` +
    `at the latest at ${formatTime(untilMs)}. Nothing of it is changed any more.`;
  return { kind: 'conflict', reason: 'Deleting', message };
}
