/** The finalizer that keeps a deleted StickyWorkload while its pods drain. `core/resolve/drain-hold.ts` decides when. */
import { apiVersion, kind, type StickyWorkload } from '../../api/stickyworkload.ts';
import { isHeld, type DrainHold } from '../../core/resolve/drain-hold.ts';
import { drainFinalizer } from '../../core/names/names.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import { formatCount, formatList, formatTime } from '../../core/names/format.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { stickyWorkloads } from '../../kube/resources.ts';
import { AppError } from '../../platform/errors.ts';

/**
 * Adds or removes the finalizer. Returns a refusal of the API server; retryable errors are thrown. The UID ensures that
 * an apply, which creates a missing object, never recreates a deleted StickyWorkload.
 */
export async function keepFinalizer(
  workload: StickyWorkload,
  hold: DrainHold,
  writer: Pick<ObjectWriter, 'apply'>,
): Promise<ApplyOutcome | undefined> {
  const { namespace, name, uid, deletionTimestamp } = workload.metadata;
  const isWanted = hold.kind === 'hold';
  // Kubernetes allows no new finalizers on an object that is being deleted.
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

/** Returns the status for a user who waits for `kubectl delete` to return. */
export function describeDeletion(
  { metadata }: StickyWorkload,
  { pods, untilMs }: Extract<DrainHold, { kind: 'hold' }>,
): ApplyOutcome {
  const message =
    `StickyWorkload ${metadata.name} is being deleted; waiting for ${formatCount(pods.length, 'pod')} to finish draining (${formatList(pods, { max: 5 })}), until ` +
    `${formatTime(untilMs)} at the latest. It is no longer reconciled.`;
  return { kind: 'conflict', reason: 'Deleting', message };
}
