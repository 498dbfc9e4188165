/** Which part is given what. Nothing is decided here. */
import type { Authority } from './certificates/authority.ts';
import type { ControllerOptions } from './controller/controller.ts';
import { createOwnedObjects } from './controller/owned-objects.ts';
import { createStatusWriter } from './controller/status-writer.ts';
import type { DiscoveryPorts } from './discovery/handler.ts';
import { createClaims } from './gather/claims.ts';
import { cacheOf } from './gather/watched.ts';
import type { InjectionOutcome, InjectionPorts, InjectionSettings } from './injection/handler.ts';
import type { Core, OperatorOptions } from './options.ts';
import { createDrainEvents } from './sessions/drain-events.ts';
import { createPodDirectory } from './sessions/pod-directory.ts';
import { createSources } from './sessions/sources.ts';

export function injectionPorts(options: OperatorOptions, { caches }: Core, own: { authority: Authority; injections: Map<InjectionOutcome, number> }): InjectionPorts {
  const findClaim = createClaims(caches, options.cluster);
  return {
    settings: partSettings(options, own.authority),
    findWorkload: ({ metadata }) => findClaim(metadata),
    observe: (outcome) => void own.injections.set(outcome, (own.injections.get(outcome) ?? 0) + 1),
    clock: options.clock,
    logger: options.logger,
  };
}

/** What proxies and sidecars are told when they are created. */
const partSettings = ({ image, imagePullPolicy, discoveryHost, serverNames }: OperatorOptions, { certPem }: Authority): InjectionSettings => ({
  image,
  imagePullPolicy,
  caPem: certPem,
  discoveryHost,
  serverName: serverNames[0],
});

export function discoveryPorts(options: OperatorOptions, core: Core, touchCounts: (gatewayKey: string) => void): DiscoveryPorts {
  const { cluster, identity, clock, logger } = options;
  const { world, feed, ledger } = core;
  return {
    reviewer: cluster,
    feed: { current: (key) => feed.table(key), onChange: (listener) => feed.onTranslated(listener) },
    drain: { pods: createPodDirectory(world, cluster), sources: createSources(core) },
    onReport: ({ pod, gateway }, report, nowMs) => {
      if (ledger.record(pod.uid, report, nowMs)) touchCounts(`${gateway.namespace}/${gateway.name}`);
    },
    onDrained: createDrainEvents({ world, events: cluster, logger }),
    replica: identity,
    clock,
    logger,
  };
}

export function controllerOptions(options: OperatorOptions, { caches, feed, ledger }: Core, own: { authority: Authority; webhookPort: number }): ControllerOptions {
  const { cluster, clock, random, logger, webhookUrl } = options;
  const nowMs = () => clock.nowMs();
  return {
    feed,
    caches,
    writer: cluster,
    owned: createOwnedObjects(cluster, (resource, ref) => {
      const name = cacheOf(resource);
      return name && caches.get(name, ref)?.fingerprint;
    }),
    statuses: createStatusWriter({ writer: cluster, events: cluster, nowMs }),
    proxy: partSettings(options, own.authority),
    webhook: { caPem: own.authority.certPem, ...(webhookUrl && { url: webhookUrl(own.webhookPort) }) },
    countsOf: (podUids, atMs) => ledger.countsOf(podUids, atMs),
    nowMs,
    clock,
    random,
    logger,
  };
}
