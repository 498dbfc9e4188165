/** The options of an operator, and the state of each replica. */
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
import type { LostNodes } from './nodes/lost-nodes.ts';
import type { ClusterState } from './gather/cluster-state.ts';
import type { SidecarSettings } from './injection/sidecar-settings.ts';
import type { ClaimedBackends } from './proxies/claimed-backends.ts';
import type { EndedSessions } from './proxies/ended-sessions.ts';
import type { KnownProxies } from './proxies/known-proxies.ts';
import type { RefusedResources } from './discovery/refused-resources.ts';
import type { DrainWatch } from './drain/drain-watch.ts';

export type Cluster = ObjectReader & ObjectWriter & TokenReviewer & EventSink;

export type OperatorOptions = {
  cluster: Cluster;
  /** The namespace of the installation, and a unique name of this process. */
  namespace: string;
  /** The only namespaces that it reads and serves, besides its own; absent: all. */
  namespaces?: readonly string[];
  identity: string;
  /** The image of this process; proxies and sidecars run the same one. */
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Settings of sidecars that differ from the defaults. */
  sidecar?: Partial<SidecarSettings>;
  /** 0 picks a free port. */
  ports: { webhook: number; discovery: number };
  /** DNS names and addresses in the certificate. Proxies and sidecars expect the first one. */
  serverNames: [string, ...string[]];
  discoveryHost: string;
  /** The URL by which the API server reaches the webhook of an operator outside the cluster, instead of the Service. */
  webhookUrl?: (port: number) => string;
  leaseTiming?: LeaseTiming;
  /** How long the servers still respond after `stop`. Default: not at all. */
  shutdownDelayMs?: number;
  clock: Clock;
  random: Random;
  logger: Logger;
};

/** The state of a replica, whether or not it is the leader. */
export type Core = {
  caches: Caches;
  lostNodes: LostNodes;
  clusterState: ClusterState;
  translations: TranslationStore;
  ledger: Ledger;
  knownProxies: KnownProxies;
  endedSessions: EndedSessions;
  claimed: ClaimedBackends;
  refused: RefusedResources;
  drains: DrainWatch;
  counters: OperatorCounters;
  drainDurations: HistogramHandle;
  isLeader: () => boolean;
};
