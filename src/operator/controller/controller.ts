/**
 * The work of the leader: reconcile every affected StickyWorkload and Gateway, keep the webhook configuration up to date, and run
 * periodically what depends on sessions and time rather than on a change: deletion costs and session keys.
 * Started when the lease is acquired, stopped before it is released.
 */
import type { OwnedObjects } from '../apply/owned-objects.ts';
import { createQueue } from '../../kube/watch/queue.ts';
import { createKeyRotation, type KeyRotationPorts } from '../keys/key-rotation.ts';
import { createDeletionCosts, type DeletionCostPorts } from '../scale/deletion-costs.ts';
import { onOutcomes } from '../gateway/gateway-outcomes.ts';
import { createFaultEvents } from '../translation/fault-events.ts';
import { findAffectedKeys } from '../translation/affected-keys.ts';
import { addChange, allChanges, noChanges } from '../translation/changes.ts';
import type { Translated } from '../translation/translation-store.ts';
import { holdfastProxyWork, kindOfWork, statusKeys, workOfGateway } from '../translation/work-keys.ts';
import { reconcile, type ReconcileTools } from '../workload/reconcile.ts';
import { startStatusPublisher, type StatusPublisherOptions } from '../workload/status-publisher.ts';
import type { RefusedResources } from '../discovery/refused-resources.ts';
import { count, type OperatorCounters } from '../counters.ts';
import { startPeriodic } from '../periodic.ts';
import { registerWebhooks, type WebhookTools } from '../injection/webhook-registration.ts';

export type ControllerOptions = Omit<ReconcileTools, 'publisher'> &
  WebhookTools &
  DeletionCostPorts &
  KeyRotationPorts &
  StatusPublisherOptions & {
    owned: OwnedObjects;
    refused: RefusedResources;
    counters: Pick<OperatorCounters, 'reconciles'>;
  };

export interface Controller {
  stop(): Promise<void>;
}

// No StickyWorkload can have this key: namespaces have no capital letters.
const webhookKey = 'MutatingWebhookConfiguration';

/** Session counts arrive each second; neither a cost nor a key is more urgent than this. */
const periodMs = 5000;

export function startController(options: ControllerOptions): Controller {
  const { translations, caches } = options;
  const publisher = startStatusPublisher(options);
  const tools = { ...options, publisher };
  const queue = createQueue({
    ...options,
    workers: 4,
    work: (key) => {
      count(options.counters.reconciles, kindOfWork(key));
      return key === webhookKey ? registerWebhooks(options) : reconcile(key, tools);
    },
  });

  /** Since the last translation. Initially everything: the lease may be acquired before the first, and an idle cluster triggers no other. */
  let changes = allChanges();
  const unwatch = caches.onChange((name, { type, object }) => {
    if (type === 'DELETED') {
      options.statuses.forget(object.metadata.uid ?? '');
      options.owned.forget(object);
    }
    addChange(changes, name, object);
    if (name === 'webhooks') queue.add(webhookKey);
  });

  // The publisher follows the statuses of StickyWorkloads.
  const unwatchStatuses = caches.onStatus((name, object) => {
    if (name === 'workloads' || name === 'pods' || options.statuses.isOwn(object.metadata)) return;
    for (const key of statusKeys(object)) queue.add(key);
  });

  let followed: Translated | undefined;
  const unfollow = options.refused.onChange((gateway) => {
    queue.add(workOfGateway(gateway));
  });

  const unfollowOutcomes = onOutcomes(options.gatewayOutcomes, options.clock, () => queue.add(holdfastProxyWork));

  const emitFaults = createFaultEvents(options.events);

  function follow(): void {
    const translated = translations.latest();
    if (!translated) return;
    if (translated.snapshot.workloads !== followed?.snapshot.workloads) queue.add(webhookKey);
    for (const key of findAffectedKeys(translated, changes, followed)) queue.add(key);
    followed = translated;
    changes = noChanges();
    emitFaults(translated.faults);
    publisher.showFaults(translated.faults);
  }
  const unsubscribe = translations.onTranslated(follow);
  follow();

  const stopPeriodic = [
    startPeriodic({ ...options, name: 'deletion costs', pauseMs: periodMs, round: createDeletionCosts(options) }),
    startPeriodic({ ...options, name: 'key rotation', pauseMs: periodMs, round: createKeyRotation(options) }),
  ];

  return {
    stop: async () => {
      unwatch();
      unwatchStatuses();
      unsubscribe();
      unfollow();
      unfollowOutcomes();
      await Promise.all([queue.stop(), publisher.stop(), ...stopPeriodic.map((stop) => stop())]);
    },
  };
}
