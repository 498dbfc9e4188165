/** What an operator is given, and what every replica of it keeps. */
import type { Ledger } from '../core/count/ledger.ts';
import type { EventSink, ObjectReader, ObjectWriter, TokenReviewer } from '../kube/ports.ts';
import type { Random } from '../platform/backoff.ts';
import type { LeaseTiming } from '../kube/watch/lease.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { HistogramHandle } from '../platform/metrics.ts';
import type { OperatorCounters } from './counters.ts';
import type { TranslationStore } from './translation/translation-store.ts';
import type { Caches } from './gather/caches.ts';
import type { ClusterState } from './gather/cluster-state.ts';
import type { DrainWatch } from './drain/drain-watch.ts';

export type Cluster = ObjectReader & ObjectWriter & TokenReviewer & EventSink;

export type OperatorOptions = {
  cluster: Cluster;
  /** Namespace of the installation, and a name that no other process has. */
  namespace: string;
  identity: string;
  /** The image of this process; proxies and sidecars run it too. */
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** 0: any free port. */
  ports: { webhook: number; discovery: number };
  /** Names and addresses in the certificate. The first is what proxies and sidecars expect. */
  serverNames: [string, ...string[]];
  discoveryHost: string;
  /** Where the API server reaches the webhook, if not by the Service: for an operator outside of the cluster. */
  webhookUrl?: (port: number) => string;
  leaseTiming?: LeaseTiming;
  clock: Clock;
  random: Random;
  logger: Logger;
};

/** What every replica keeps, leader or not. */
export type Core = {
  caches: Caches;
  clusterState: ClusterState;
  translations: TranslationStore;
  ledger: Ledger;
  drains: DrainWatch;
  counters: OperatorCounters;
  drainDurations: HistogramHandle;
};
