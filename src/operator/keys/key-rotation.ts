/** Keeps the master keys: creates them, and rotates them step by step, from the stored ring and the confirmations of the proxies to one write of the Secret. */
import type { Reason } from '../../api/reasons.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import { isRotationRequested, readRotation, writeStep } from '../../core/keys/key-ring-secret.ts';
import { planRotation, type RotationPlan, type RotationStep } from '../../core/keys/rotation.ts';
import { masterKeysName } from '../../core/names/names.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import { count, type OperatorCounters } from '../counters.ts';
import type { Caches } from '../gather/caches.ts';
import { masterKeysOf } from '../gather/cluster-state.ts';
import type { CacheContents } from '../gather/watched.ts';
import type { Round, RoundPorts } from '../periodic.ts';
import type { Translated } from '../translation/translation-store.ts';
import { confirmedKeys, tokenLimits } from './confirmed-keys.ts';
import { createMasterKeys, newMasterKey } from './key-ring.ts';

export type KeyRotationPorts = RoundPorts & {
  operatorNamespace: string;
  caches: Pick<Caches, 'list'>;
  writer: Pick<ObjectWriter, 'create' | 'update'>;
  ledger: Pick<Ledger, 'keyRingsOf'>;
  counters: Pick<OperatorCounters, 'keyRotations'>;
};

type MasterKeys = CacheContents['masterKeys'];

/** A refused write is retried after this time, and a waiting rotation is reported as often. */
const retryAfterMs = 10 * 60_000;

/** Returns a round over the one Secret of the installation. */
export function createKeyRotation(tools: KeyRotationPorts): Round {
  /** No write, and no event about waiting, before these times. */
  let refusedUntilMs = 0;
  let waitReportedUntilMs = 0;

  async function rotate(secret: MasterKeys, translated: Translated): Promise<void> {
    const nowMs = tools.nowMs();
    if (nowMs < refusedUntilMs) return;
    const plan = planFor(secret, translated, nowMs);
    if (plan?.kind === 'waiting' && nowMs >= waitReportedUntilMs) {
      waitReportedUntilMs = nowMs + retryAfterMs;
      emit(secret, { type: 'Warning', ...plan });
    }
    if (plan?.kind !== 'step') return;
    try {
      await write(secret, plan.step);
    } catch (error) {
      refusedUntilMs = nowMs + retryAfterMs;
      tools.logger.warn({ step: plan.step.kind, error: describeError(error) }, 'session keys not written');
      const message = `The session keys were not rotated: ${describeError(error)}`;
      emit(secret, { type: 'Warning', reason: 'KeyRotationFailed', message });
    }
  }

  function planFor(secret: MasterKeys, translated: Translated, nowMs: number): RotationPlan | undefined {
    const ring = masterKeysOf(secret);
    const tokens = tokenLimits(translated);
    // Without a session no key is in use, and no proxy could confirm one.
    if (!ring || tokens.length === 0) return undefined;
    const proxies = confirmedKeys(translated, tools.ledger, nowMs);
    const requested = isRotationRequested(secret);
    return planRotation({ state: readRotation(secret, ring), proxies, tokens, requested }, nowMs);
  }

  async function write(secret: MasterKeys, step: RotationStep): Promise<void> {
    try {
      await tools.writer.update(secrets, writeStep(secret, step, { newKey: newMasterKey(), nowMs: tools.nowMs() }));
    } catch (error) {
      // Another writer changed or deleted the Secret. The watch delivers it, and the next round plans from the new version.
      const isOutdated =
        error instanceof AppError && ['KUBERNETES_CONFLICT', 'KUBERNETES_NOT_FOUND'].includes(error.code);
      if (isOutdated) return;
      throw error;
    }
    tools.logger.info(step, 'session keys rotated one step');
    if (step.kind === 'Settled') return;
    count(tools.counters.keyRotations, step.kind);
    emit(secret, { type: 'Normal', ...step });
  }

  function emit(
    { metadata }: MasterKeys,
    { type, reason, message }: { type: 'Normal' | 'Warning'; reason: Reason; message: string },
  ): void {
    const { uid } = metadata;
    const name = { namespace: tools.operatorNamespace, name: masterKeysName };
    tools.events.emit({
      type,
      reason,
      action: 'RotateKeys',
      note: message,
      regarding: { apiVersion: 'v1', kind: 'Secret', ...name, ...(uid !== undefined && { uid }) },
    });
  }

  return async (signal) => {
    const [secret] = tools.caches.list('masterKeys');
    if (!secret) {
      await createMasterKeys(tools.writer, tools.operatorNamespace);
      return;
    }
    const translated = tools.translations.latest();
    if (translated && !signal.aborted) await rotate(secret, translated);
  };
}
