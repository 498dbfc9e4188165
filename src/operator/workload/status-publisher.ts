/**
 * Publishes the statuses of StickyWorkloads. What a reconcile changes is written at once, such as the begin and the end of a drain. Session
 * counts are telemetry: they enqueue no reconcile, and are written on a cadence, of the StickyWorkloads whose counts have changed.
 */
import { kind, type StickyWorkload } from '../../api/stickyworkload.ts';
import type { StickyWorkloadStatus } from '../../api/status.ts';
import { judgeFault } from '../../core/status/fault-status.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import type { Random } from '../../platform/backoff.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import type { ObjectRef } from '../../kube/ports.ts';
import { createQueue } from '../../kube/watch/queue.ts';
import type { Caches } from '../gather/caches.ts';
import { backendKey } from '../../core/names/names.ts';
import type { StatusWriter } from '../apply/status-writer.ts';
import type { Fault } from '../gather/faults.ts';
import type { Translated, TranslationStore } from '../translation/translation-store.ts';
import { judgeWorkload } from './judge-workload.ts';
import type { GatewayOutcomes } from '../gateway/gateway-outcomes.ts';
import { wholeOutcome } from './whole-outcome.ts';

export type StatusPublisherOptions = {
  translations: Pick<TranslationStore, 'latest'>;
  ledger: Pick<Ledger, 'countsOf' | 'onChange' | 'sweep'>;
  caches: Pick<Caches, 'get' | 'onStatus'>;
  statuses: StatusWriter;
  gatewayOutcomes: Pick<GatewayOutcomes, 'of' | 'onChange'>;
  clock: Clock;
  random: Random;
  logger: Logger;
};

export interface StatusPublisher {
  /** A StickyWorkload was reconciled, with this outcome. */
  settle(key: string, outcome: ApplyOutcome): void;
  /** The StickyWorkload has no status, or none yet. */
  forget(key: string): void;
  /** Writes the statuses of StickyWorkloads that cannot be translated. */
  showFaults(faults: readonly Fault[]): void;
  stop(): Promise<void>;
}

const shortestPauseMs = 2000;
/**
 * 50 writes a second, the default of the kubelet (kubeAPIQPS), however many StickyWorkloads there are: counts are telemetry, and each write costs
 * the API server and etcd more than us.
 */
const pausePerWriteMs = 20;

export function startStatusPublisher(options: StatusPublisherOptions): StatusPublisher {
  const { translations, ledger, caches, statuses, gatewayOutcomes, clock } = options;
  const outcomes = new Map<string, ApplyOutcome>();
  /** Since the last round. */
  const changedPods = new Set<string>();
  /** Keys whose status differs in its counts only, and waits for the next round. */
  const waiting = new Set<string>();
  /** Keys whose counts this round writes. */
  const due = new Set<string>();
  const queue = createQueue({ ...options, workers: 4, work: publish });

  async function publish(key: string): Promise<undefined> {
    const translated = translations.latest();
    if (!translated) return;
    const workload = caches.get('workloads', refOf(key));
    const status = workload && (faultOf(workload, translated) ?? judge(key, workload, translated));
    if (!workload || !status) return;
    const result = await statuses.write(workload, status, { countsToo: due.has(key) });
    if (result === 'CountsDiffer') waiting.add(key);
    else due.delete(key);
  }

  function judge(key: string, workload: StickyWorkload, translated: Translated): StickyWorkloadStatus | undefined {
    const own = outcomes.get(key);
    const outcome = own && wholeOutcome(key, own, { translated, gateways: gatewayOutcomes });
    const judged = translated.translation.workloads.candidates.get(key)?.workload.metadata;
    if (!outcome || judged?.uid !== workload.metadata.uid) return undefined;
    const previous = statuses.before(workload);
    return judgeWorkload(key, translated, { outcome, previous, ledger, nowMs: clock.nowMs() });
  }

  function faultOf(workload: StickyWorkload, { faults }: Translated): StickyWorkloadStatus | undefined {
    const { uid } = workload.metadata;
    const fault = faults.find((one) => one.kind === kind && one.uid === uid);
    if (!fault) return undefined;
    const status = statuses.before(workload);
    return judgeFault({ ...workload, ...(status && { status }) }, fault.message, clock.nowMs());
  }

  function round(): void {
    ledger.sweep(clock.nowMs());
    const keys = new Set([...waiting, ...keysOf(changedPods)]);
    waiting.clear();
    changedPods.clear();
    for (const key of keys) {
      due.add(key);
      queue.add(key);
    }
    cancel = clock.after(Math.max(shortestPauseMs, keys.size * pausePerWriteMs), round);
  }

  function keysOf(podUids: ReadonlySet<string>): string[] {
    if (podUids.size === 0) return [];
    const backends = Object.values(translations.latest()?.translation.backends ?? {});
    return backends
      .filter(({ key, endpoints }) => outcomes.has(key) && endpoints.some(({ uid }) => podUids.has(uid)))
      .map(({ key }) => key);
  }

  let cancel = clock.after(shortestPauseMs, round);
  const unsubscribe = ledger.onChange((podUids) => {
    for (const uid of podUids) changedPods.add(uid);
  });
  const unfollow = gatewayOutcomes.onChange((gateway) => {
    for (const { key } of translations.latest()?.translation.gateways[gateway]?.generatedFor ?? []) {
      if (outcomes.has(key)) queue.add(key);
    }
  });
  // What another client has changed is repaired.
  const unwatch = caches.onStatus((name, { metadata }) => {
    const isForeign = name === 'workloads' && !statuses.isOwn(metadata);
    if (isForeign) queue.add(backendKey(metadata.namespace ?? '', metadata.name));
  });

  return {
    settle(key, outcome) {
      outcomes.set(key, outcome);
      queue.add(key);
    },
    forget(key) {
      outcomes.delete(key);
      waiting.delete(key);
      due.delete(key);
    },
    showFaults(faults) {
      for (const fault of faults) if (fault.kind === kind) queue.add(backendKey(fault.namespace, fault.name));
    },
    async stop() {
      unsubscribe();
      unfollow();
      unwatch();
      cancel();
      await queue.stop();
    },
  };
}

function refOf(key: string): ObjectRef {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
