/**
 * What only the leader does: reconcile every StickyWorkload that may have changed, and keep the webhook configuration right.
 * Started when the lease is won, stopped before it is given up.
 */
import { backendKey } from '../../core/names/names.ts';
import type { Random } from '../../kube/watch/backoff.ts';
import { createQueue } from '../../kube/watch/queue.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import { reconcile, type ReconcileTools } from './reconcile.ts';
import { registerWebhooks, type WebhookTools } from './webhook-registration.ts';

export type ControllerOptions = ReconcileTools & WebhookTools & { clock: Clock; random: Random; logger: Logger };

export interface Controller {
  /** Session counts of a Gateway's proxies moved. */
  touchCounts(gatewayKey: string): void;
  stop(): Promise<void>;
}

// No StickyWorkload can have this key: a namespace has no capital letters.
const webhookKey = 'Webhooks';

export function startController(options: ControllerOptions): Controller {
  const { feed, caches } = options;
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
    for (const { metadata } of feed.latest()?.snapshot.workloads ?? []) {
      if (namespaces.has(undefined) || namespaces.has(metadata.namespace)) queue.add(backendKey(metadata.namespace, metadata.name));
    }
  }

  const unsubscribe = feed.onTranslated(() => {
    queue.add(webhookKey);
    enqueue(changed);
    changed.clear();
  });
  queue.add(webhookKey);
  enqueue(changed);

  return {
    touchCounts: (gatewayKey) => {
      for (const { key } of feed.latest()?.translation.gateways[gatewayKey]?.plans ?? []) queue.add(key);
    },
    stop: async () => {
      unwatch();
      unsubscribe();
      await queue.stop();
    },
  };
}
