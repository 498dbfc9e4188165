/** Which part is given what. Nothing is decided here. */
import { createLedger } from '../core/count/ledger.ts';
import type { Authority } from './certificates/authority.ts';
import type { ControllerOptions } from './controller/controller.ts';
import { createOwnedObjects } from './controller/owned-objects.ts';
import { createLastingFailures } from './controller/lasting-failures.ts';
import { createStatusWriter } from './controller/status-writer.ts';
import { count, type OperatorCounters } from './counters.ts';
import type { DiscoveryPorts } from './discovery/handler.ts';
import { createTranslationFeed } from './feed/translation-feed.ts';
import { createCaches } from './gather/caches.ts';
import { createClaims } from './gather/claims.ts';
import { cacheOf } from './gather/watched.ts';
import { createWorld } from './gather/world.ts';
import type { InjectionPorts } from './injection/handler.ts';
import type { InjectionSettings } from './injection/params.ts';
import type { Core, OperatorOptions } from './options.ts';
import { createDrainDurations } from './sessions/drain-durations.ts';
import { createDrainEvents } from './sessions/drain-events.ts';
import { createDrainWatch } from './sessions/drain-watch.ts';
import { createPodDirectory } from './sessions/pod-directory.ts';
import { createSources } from './sessions/sources.ts';

/** What every replica keeps. */
export function createCore(
  { cluster, clock, random, logger }: OperatorOptions,
  { counters, isLeader }: { counters: OperatorCounters; isLeader: () => boolean },
): Core {
  const caches = createCaches({ reader: cluster, clock, random, logger });
  const world = createWorld(caches, () => clock.nowMs());
  const feed = createTranslationFeed({
    gather: () => world.snapshot(),
    revision: () => caches.revision(),
    staleMs: () => caches.staleMs(),
    clock,
    logger,
  });
  const isSynced = { now: false };
  void caches.synced.then(() => (isSynced.now = true));
  // Before every cache holds its first list the world has holes that look like deletions.
  caches.onChange(() => {
    if (isSynced.now) feed.touch();
  });
  const ledger = createLedger();
  const drains = createDrainWatch({
    caches,
    world,
    events: cluster,
    countsOf: (podUids, nowMs) => ledger.countsOf(podUids, nowMs),
    sources: createSources({ world, feed, ledger }),
    counters,
    isLeader,
    clock,
    logger,
  });
  return { caches, world, feed, ledger, drains, counters, drainDurations: createDrainDurations() };
}

export function injectionPorts(
  options: OperatorOptions,
  { caches, counters }: Core,
  authority: Authority,
): InjectionPorts {
  const findClaim = createClaims(caches, options.cluster);
  return {
    settings: partSettings(options, authority),
    findWorkload: ({ metadata }) => findClaim(metadata),
    observe: (outcome) => {
      count(counters.injections, outcome);
    },
    clock: options.clock,
    logger: options.logger,
  };
}

/** What proxies and sidecars are told when they are created. */
const partSettings = (
  { image, imagePullPolicy, discoveryHost, serverNames }: OperatorOptions,
  { certPem }: Authority,
): InjectionSettings => ({
  image,
  imagePullPolicy,
  caPem: certPem,
  discoveryHost,
  serverName: serverNames[0],
});

export function discoveryPorts(
  options: OperatorOptions,
  core: Core,
  touchCounts: (gatewayKey: string) => void,
): DiscoveryPorts {
  const { cluster, identity, clock, logger } = options;
  const { world, feed, ledger, counters, drainDurations: durations } = core;
  const tellEnd = createDrainEvents({ world, events: cluster, counters, durations, logger });
  return {
    reviewer: cluster,
    feed: { current: (key) => feed.table(key), onChange: (listener) => feed.onTranslated(listener) },
    drain: { pods: createPodDirectory(world, cluster), sources: createSources(core) },
    onReport: ({ pod, gateway }, report, nowMs) => {
      const isTaken = ledger.record(pod.uid, report, nowMs);
      count(counters.reports, isTaken ? 'Taken' : 'Late');
      if (isTaken) touchCounts(`${gateway.namespace}/${gateway.name}`);
    },
    onReportRefused: () => {
      count(counters.reports, 'Refused');
    },
    onDrained: (pod, summary) => {
      core.drains.heard(pod);
      tellEnd(pod, summary);
    },
    replica: identity,
    clock,
    logger,
  };
}

export function controllerOptions(
  options: OperatorOptions,
  { caches, feed, ledger, counters }: Core,
  own: { authority: Authority; webhookPort: number },
): ControllerOptions {
  const { cluster, clock, random, logger, webhookUrl } = options;
  const nowMs = () => clock.nowMs();
  return {
    feed,
    caches,
    ledger,
    counters,
    reader: cluster,
    writer: cluster,
    events: cluster,
    owned: createOwnedObjects(cluster, (resource, ref) => {
      const name = cacheOf(resource);
      return name && caches.get(name, ref)?.fingerprint;
    }),
    statuses: createStatusWriter({ writer: cluster, events: cluster, nowMs }),
    failures: createLastingFailures(),
    proxy: partSettings(options, own.authority),
    webhook: { caPem: own.authority.certPem, ...(webhookUrl && { url: webhookUrl(own.webhookPort) }) },
    countsOf: (podUids, atMs) => ledger.countsOf(podUids, atMs),
    nowMs,
    clock,
    random,
    logger,
  };
}
