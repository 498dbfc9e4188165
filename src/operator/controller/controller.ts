/**
 * What only the leader does: reconcile every StickyWorkload that may have changed, keep the webhook configuration right, and look
 * again and again at what follows from sessions and time rather than from a change: deletion costs and session keys.
 * Started when the lease is won, stopped before it is given up.
 */
import type { Random } from '../../platform/backoff.ts';
import { createQueue } from '../../kube/watch/queue.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import { createKeyRotation, type KeyRotationTools } from '../keys/key-rotation.ts';
import { createDeletionCosts, type DeletionCostTools } from '../scale/deletion-costs.ts';
import { findAffectedKeys } from './affected-keys.ts';
import { reconcile, type ReconcileTools } from '../workload/reconcile.ts';
import { startPeriodic } from './periodic.ts';
import { registerWebhooks, type WebhookTools } from '../injection/webhook-registration.ts';

export type ControllerOptions = ReconcileTools &
  WebhookTools &
  DeletionCostTools &
  KeyRotationTools & { clock: Clock; random: Random; logger: Logger };

export interface Controller {
  /** Session counts of a Gateway's proxies moved. */
  touchCounts(gatewayKey: string): void;
  stop(): Promise<void>;
}

// No StickyWorkload can have this key: a namespace has no capital letters.
const webhookKey = 'Webhooks';

/** Counts of sessions reach us each second; neither a cost nor a key is in more of a hurry than this. */
const roundPauseMs = 5000;

export function startController(options: ControllerOptions): Controller {
  const { translations, caches } = options;
  const queue = createQueue({
    ...options,
    workers: 4,
    work: (key) => (key === webhookKey ? registerWebhooks(options) : reconcile(key, options)),
  });

  /**
   * Namespaces in which something changed since the last translation; `undefined` in it: something of the whole cluster.
   * At first all: the lease may be won before there is a translation, and a cluster at rest gives no other cause to look.
   */
  const changed = new Set<string | undefined>([undefined]);
  const unwatch = caches.onChange((_name, { object }) => {
    changed.add(object.metadata.namespace);
  });

  function enqueue(namespaces: ReadonlySet<string | undefined>): void {
    const translated = translations.latest();
    for (const key of translated ? findAffectedKeys(translated, namespaces) : []) queue.add(key);
  }

  const unsubscribe = translations.onTranslated(() => {
    queue.add(webhookKey);
    enqueue(changed);
    changed.clear();
  });
  queue.add(webhookKey);
  enqueue(changed);

  const rounds = [
    startPeriodic({ ...options, name: 'deletion costs', pauseMs: roundPauseMs, round: createDeletionCosts(options) }),
    startPeriodic({ ...options, name: 'key rotation', pauseMs: roundPauseMs, round: createKeyRotation(options) }),
  ];

  return {
    touchCounts: (gatewayKey) => {
      const table = translations.latest()?.translation.tables[gatewayKey];
      for (const key of Object.keys(table?.backends ?? {})) queue.add(key);
    },
    stop: async () => {
      unwatch();
      unsubscribe();
      await Promise.all([queue.stop(), ...rounds.map((stop) => stop())]);
    },
  };
}
