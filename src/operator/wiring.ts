/** Connects the parts of the operator. Nothing is decided here. */
import { randomBytes } from 'node:crypto';
import { operatorService, ports } from '../core/names/names.ts';
import type { Caches } from './gather/caches.ts';
import { createLedger } from '../core/count/ledger.ts';
import { readsSlicesOf } from '../core/translate/read-services.ts';
import type { Authority } from './certificates/authority.ts';
import type { ControllerOptions } from './controller/controller.ts';
import { createOwnedObjects } from './apply/owned-objects.ts';
import { createRepeatedFailures } from './apply/repeated-failures.ts';
import { createStatusWriter } from './apply/status-writer.ts';
import { count, type OperatorCounters } from './counters.ts';
import { createAcknowledgements } from './discovery/acknowledgements.ts';
import type { DiscoveryPorts } from './discovery/handler.ts';
import { createRefusedResources } from './discovery/refused-resources.ts';
import { createReportDesk } from './discovery/reports.ts';
import { createClaimedBackends } from './proxies/claimed-backends.ts';
import { createEndedSessions } from './proxies/ended-sessions.ts';
import { createKnownProxies } from './proxies/known-proxies.ts';
import { createLostNodes } from './nodes/lost-nodes.ts';
import { createTranslationStore } from './translation/translation-store.ts';
import { createGatewayOutcomes } from './gateway/gateway-outcomes.ts';
import { createCaches } from './gather/caches.ts';
import { createOwnerLookup } from './gather/owner-lookup.ts';
import { cacheOf } from './gather/watched.ts';
import { createClusterState } from './gather/cluster-state.ts';
import type { InjectionPorts } from './injection/handler.ts';
import type { InjectionSettings } from './injection/params.ts';
import type { Core, OperatorOptions } from './options.ts';
import { createCarrierEvents } from './discovery/carrier-events.ts';
import { RequestError } from './https/server.ts';
import { gatewayOfAccount } from './proxies/proxy-accounts.ts';
import { createDrainDurations } from './drain/drain-events.ts';
import { createDrainEvents } from './drain/drain-events.ts';
import { createDrainWatch } from './drain/drain-watch.ts';
import { onDrainChange } from './drain/drain-changes.ts';
import { createPodDirectory } from './drain/pod-directory.ts';
import { createSessionSources } from './drain/session-sources.ts';

/** The state of a replica, whether or not it is the leader. */
export function createCore(
  options: OperatorOptions,
  { counters, isLeader }: { counters: OperatorCounters; isLeader: () => boolean },
): Core {
  const { cluster, namespace, clock, random, logger } = options;
  const caches = createCaches({
    reader: cluster,
    ...servedNamespaces(options),
    operatorNamespace: namespace,
    clock,
    random,
    logger,
    observe: (kind, result) => {
      count(counters.watchEvents, `${kind}/${result}`);
    },
  });
  const lostNodes = createLostNodes({
    reader: cluster,
    clock,
    random,
    logger,
    onChange: () => {
      translations.touch();
    },
  });
  const clusterState = createClusterState({
    caches,
    lostNodes,
    operatorNamespace: namespace,
    nowMs: () => clock.nowMs(),
    readsSlicesOf: (service) => {
      const translated = translations.latest();
      return translated === undefined || readsSlicesOf(translated.translation, service);
    },
  });
  const ledger = createLedger();
  const endedSessions = createEndedSessions({
    ledger,
    onEnded: () => {
      translations.touch();
    },
    clock,
  });
  const claimed = createClaimedBackends(() => {
    translations.touch();
  });
  const translations = createTranslationStore({
    gather: () => ({ ...clusterState.snapshot(), endedSessions: endedSessions.now(), claimedBackends: claimed.now() }),
    unreadable: () => caches.faults(),
    revision: () => caches.revision(),
    staleMs: () => caches.staleMs(),
    observe: () => {
      count(counters.translations, '');
    },
    clock,
    logger,
  });
  translations.onTranslated(() => {
    const translated = translations.latest();
    if (!translated) return;
    endedSessions.follow(translated);
    claimed.keepOnly((uid) => translated.translation.index.podsByUid.get(uid) !== undefined);
  });
  const isSynced = { now: false };
  void caches.synced.then(() => (isSynced.now = true));
  // Until every cache holds its first list, missing objects look like deletions.
  caches.onChange((name, change) => {
    if (isSynced.now && clusterState.concerns(name, change)) translations.touch();
  });
  const knownProxies = createKnownProxies(caches, () => clock.nowMs());
  const drains = createDrainWatch({
    caches,
    clusterState,
    translations,
    events: cluster,
    countsOf: (podUids, nowMs) => ledger.countsOf(podUids, nowMs),
    sources: createSessionSources({ clusterState, translations, ledger, claimed }),
    counters,
    isLeader,
    clock,
    logger,
  });
  return {
    caches,
    lostNodes,
    clusterState,
    translations,
    ledger,
    knownProxies,
    endedSessions,
    claimed,
    refused: createRefusedResources((type) => {
      count(counters.refusedResources, type);
    }),
    drains,
    counters,
    isLeader,
    drainDurations: createDrainDurations(),
  };
}

/** Its own namespace is always read. */
const servedNamespaces = ({ namespace, namespaces }: OperatorOptions): { namespaces?: readonly string[] } =>
  namespaces ? { namespaces: [...new Set([namespace, ...namespaces])] } : {};

export function injectionPorts(
  options: OperatorOptions,
  { caches, counters }: Core,
  authority: Authority,
): InjectionPorts {
  return {
    settings: () => injectionSettings(options, authority, caches),
    findWorkload: createOwnerLookup({
      caches,
      reader: options.cluster,
      clock: options.clock,
      ...servedNamespaces(options),
    }),
    observe: (outcome) => {
      count(counters.injections, outcome);
    },
    randomKey: () => randomBytes(16).toString('hex'),
    clock: options.clock,
    logger: options.logger,
  };
}

function injectionSettings(options: OperatorOptions, authority: Authority, caches: Caches): InjectionSettings {
  const { imagePullSecrets = [], preferredPort = ports.sidecar, image, resources } = options.sidecar ?? {};
  const service = caches.get('services', { namespace: options.namespace, name: operatorService });
  return {
    ...partSettings(options, authority),
    ...(image !== undefined && { image }),
    imagePullSecrets,
    preferredPort,
    ...(resources && { resources }),
    discoveryAddresses: service?.service.clusterIps ?? [],
  };
}

/** Settings that proxies and sidecars receive at creation. */
const partSettings = (
  { image, imagePullPolicy, discoveryHost, serverNames }: OperatorOptions,
  { certPem }: Authority,
): Pick<InjectionSettings, 'image' | 'imagePullPolicy' | 'caPem' | 'discoveryHost' | 'serverName'> => ({
  image,
  imagePullPolicy,
  caPem: certPem,
  discoveryHost,
  serverName: serverNames[0],
});

export function discoveryPorts(options: OperatorOptions, core: Core, stopping: AbortSignal): DiscoveryPorts {
  const { cluster, identity, clock, logger } = options;
  const { clusterState, translations, ledger, knownProxies, counters, drainDurations: durations } = core;
  const tables = {
    current: (key: string) => translations.table(key),
    onChange: (listener: (changed: string[]) => void) => translations.onTranslated(listener),
  };
  // Above all nonces of an earlier process.
  const acknowledgements = createAcknowledgements(clock.nowMs());
  const emitEnd = createDrainEvents({ clusterState, events: cluster, counters, durations, logger });
  return {
    reviewer: cluster,
    tables,
    gatewayOf: (account) => {
      const translated = translations.latest();
      if (!translated) throw new RequestError(503, 'the Gateways are not known yet');
      return gatewayOfAccount(translated.translation, account);
    },
    acknowledgements,
    drain: {
      pods: createPodDirectory(clusterState, cluster),
      sources: createSessionSources(core),
      onChange: (listener) => onDrainChange(core, listener),
    },
    stopping,
    reports: createReportDesk({
      tables,
      proxies: knownProxies,
      refused: core.refused,
      claimed: core.claimed,
      ledger,
      acknowledgements,
      observe: (result) => {
        count(counters.reports, result);
      },
      onConflict: createCarrierEvents({ clusterState, events: cluster, isLeader: core.isLeader }),
      clock,
      logger,
    }),
    onDrained: (pod, summary) => {
      // The sidecar counts no session of an app that is gone: what it calls complete lost some.
      if (core.drains.settle(pod) === 'Regular') emitEnd(pod, summary);
    },
    replica: identity,
    clock,
    logger,
  };
}

export function controllerOptions(
  options: OperatorOptions,
  { caches, translations, ledger, counters, refused }: Core,
  own: { authority: Authority; webhookPort: number },
): ControllerOptions {
  const { cluster, clock, random, logger, webhookUrl } = options;
  const nowMs = () => clock.nowMs();
  return {
    translations,
    caches,
    ledger,
    counters,
    reader: cluster,
    writer: cluster,
    events: cluster,
    operatorNamespace: options.namespace,
    owned: createOwnedObjects(cluster, (resource, ref) => {
      const name = cacheOf(resource);
      return name && caches.get(name, ref)?.fingerprint;
    }),
    statuses: createStatusWriter({ writer: cluster, events: cluster }),
    failures: createRepeatedFailures(),
    gatewayOutcomes: createGatewayOutcomes(),
    refused,
    proxy: partSettings(options, own.authority),
    webhook: {
      caPem: own.authority.certPem,
      ...(webhookUrl && { url: webhookUrl(own.webhookPort) }),
      ...servedNamespaces(options),
    },
    nowMs,
    clock,
    random,
    logger,
  };
}
