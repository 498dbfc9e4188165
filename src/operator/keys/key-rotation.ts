/** Rotates session keys step by step: from the stored ring and the confirmations of the proxies to one write of the Secret. */
import { apiVersion, kind, type StickyWorkload } from '../../api/stickyworkload.ts';
import type { Reason } from '../../api/reasons.ts';
import { planServing } from '../../core/resolve/plan.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import { planRotation, type RotationPlan, type RotationStep } from '../../core/keys/rotation.ts';
import { isRotationRequested, readRotation, writeStep } from '../../core/keys/key-ring-secret.ts';
import { annotations, backendKey, keyRingName } from '../../core/names/names.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Carrier } from '../../wire/routing-table.ts';
import { newSessionKey } from './key-ring.ts';
import { count, type OperatorCounters } from '../counters.ts';
import type { Round, RoundPorts } from '../periodic.ts';
import type { Caches } from '../gather/caches.ts';
import type { CacheContents } from '../gather/watched.ts';
import { keyRingOf } from '../gather/cluster-state.ts';
import { proxiesByBackend } from '../proxies/serving-proxies.ts';

export type KeyRotationPorts = RoundPorts & {
  caches: Pick<Caches, 'get'>;
  writer: Pick<ObjectWriter, 'update'>;
  ledger: Pick<Ledger, 'keyRingsOf'>;
  counters: Pick<OperatorCounters, 'keyRotations'>;
};

/** A refused write is retried after this time, and a waiting rotation is reported as often. */
const retryAfterMs = 10 * 60_000;

const renewsTokens = ({ type }: Carrier): boolean => type === 'Cookie' || type === 'Header';

/** Returns a round over the key rings of all StickyWorkloads. */
export function createKeyRotation(tools: KeyRotationPorts): Round {
  /** By StickyWorkload key: no write, and no event about waiting, before this time. */
  const refusedUntilMs = new Map<string, number>();
  const waitReportedUntilMs = new Map<string, number>();

  /** `backends`: keys of its backends in the tables of the proxies. */
  async function rotate(
    workload: StickyWorkload,
    proxies: readonly string[],
    backends: readonly string[],
  ): Promise<void> {
    const { metadata } = workload;
    const key = backendKey(metadata.namespace, metadata.name);
    const nowMs = tools.nowMs();
    const secret = tools.caches.get('keyRings', { namespace: metadata.namespace, name: keyRingName(metadata.name) });
    if (!secret || nowMs < (refusedUntilMs.get(key) ?? 0)) return;
    const plan = planFor(workload, secret, { proxies, backends });
    if (plan?.kind === 'waiting' && nowMs >= (waitReportedUntilMs.get(key) ?? 0)) {
      waitReportedUntilMs.set(key, nowMs + retryAfterMs);
      emit(workload, { type: 'Warning', ...plan });
    }
    if (plan?.kind !== 'step') return;
    try {
      await write(workload, secret, plan.step);
    } catch (error) {
      refusedUntilMs.set(key, nowMs + retryAfterMs);
      tools.logger.warn({ key, step: plan.step.kind, error: describeError(error) }, 'key ring not written');
      emit(workload, {
        type: 'Warning',
        reason: 'KeyRotationFailed',
        message: `The session keys were not rotated: ${describeError(error)}`,
      });
    }
  }

  function planFor(
    workload: StickyWorkload,
    secret: CacheContents['keyRings'],
    { proxies, backends }: { proxies: readonly string[]; backends: readonly string[] },
  ): RotationPlan | undefined {
    const { limits, persistence } = planServing(workload);
    const ring = keyRingOf(secret, workload.metadata.uid);
    if (!ring) return undefined;
    const nowMs = tools.nowMs();
    const confirmed = proxies.map((uid) => {
      const rings = tools.ledger.keyRingsOf(uid, nowMs) ?? {};
      const known = backends.map((key) => rings[key]).find((ring) => ring !== undefined);
      return { uid, ...(known && { ring: known }) };
    });
    return planRotation(
      {
        state: readRotation(secret, ring),
        proxies: confirmed,
        tokens: { limits, renewsTokens: renewsTokens(persistence.carrier) },
        requested: isRotationRequested(workload.metadata, secret),
      },
      nowMs,
    );
  }

  async function write(workload: StickyWorkload, secret: CacheContents['keyRings'], step: RotationStep): Promise<void> {
    const rotateFor = workload.metadata.annotations?.[annotations.rotateKeys];
    try {
      await tools.writer.update(
        secrets,
        writeStep(secret, step, { newKey: newSessionKey(), rotateFor, nowMs: tools.nowMs() }),
      );
    } catch (error) {
      // Another writer changed or deleted the Secret. The watch delivers it, and the next round plans from the new version.
      if (
        error instanceof AppError &&
        (error.code === 'KUBERNETES_CONFLICT' || error.code === 'KUBERNETES_NOT_FOUND')
      ) {
        return;
      }
      throw error;
    }
    const { namespace, name } = workload.metadata;
    tools.logger.info({ namespace, workload: name, ...step }, 'session keys rotated one step');
    if (step.kind === 'Settled') return;
    count(tools.counters.keyRotations, step.kind);
    emit(workload, { type: 'Normal', ...step });
  }

  function emit(
    { metadata }: StickyWorkload,
    { type, reason, message }: { type: 'Normal' | 'Warning'; reason: Reason; message: string },
  ): void {
    const { namespace, name, uid } = metadata;
    tools.events.emit({
      type,
      reason,
      action: 'RotateKeys',
      note: message,
      regarding: { apiVersion, kind, namespace, name, uid },
    });
  }

  return async (signal) => {
    const translated = tools.translations.latest();
    if (!translated) return;
    const proxies = proxiesByBackend(translated);
    for (const workload of translated.snapshot.workloads) {
      if (signal.aborted) return;
      const key = backendKey(workload.metadata.namespace, workload.metadata.name);
      const serving = proxies.get(key);
      const backends = [key, ...(translated.translation.ruleBackends.get(key) ?? [])];
      if (serving && workload.metadata.deletionTimestamp === undefined) await rotate(workload, serving, backends);
    }
  };
}
