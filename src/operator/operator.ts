/**
 * The life cycle of one replica: caches → translation → { discovery for proxies and sidecars, injection } on every replica, and the
 * controller on the replica that holds the lease. The cluster is a parameter, so that tests run the operator on an in-memory one.
 */
import type { Server } from 'node:https';
import { operatorService } from '../core/names/names.ts';
import { createLeaderLease } from '../kube/watch/lease.ts';
import { sleep } from '../platform/clock.ts';
import { AppError, describeError } from '../platform/errors.ts';
import { loadOrCreateAuthority, type Authority } from './certificates/authority.ts';
import { installLeaf, rotateLeaf } from './certificates/leaf.ts';
import { startController, type Controller } from './controller/controller.ts';
import type { Caches } from './gather/caches.ts';
import { createDiscoveryHandler } from './discovery/handler.ts';
import type { TranslationStore } from './translation/translation-store.ts';
import { createCounters, type OperatorCounters } from './counters.ts';
import { closeAfterResponses, createTlsServer } from './https/server.ts';
import { createInjectionHandler, webhookLimits } from './injection/handler.ts';
import { countWrites } from './kube-writes.ts';
import type { Core, OperatorOptions } from './options.ts';
import { controllerOptions, createCore, discoveryPorts, injectionPorts } from './wiring.ts';

export interface Operator {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What this replica is still waiting for; empty when it is ready. */
  notReady(): string[];
  isLeader(): boolean;
  translations: TranslationStore;
  counters: OperatorCounters;
  injections: ReadonlyMap<string, number>;
  /** The state that `admin` exports. */
  core: Core;
  /** Ports that the servers listen on, once started. */
  listening(): { webhook: number; discovery: number };
}

export function createOperator(given: OperatorOptions): Operator {
  const counters = createCounters();
  const options = { ...given, cluster: countWrites(given.cluster, counters.kubeWrites) };
  const { clock, logger } = options;
  const isLeader = () => lease?.isLeader() ?? false;
  const core = createCore(options, { counters, isLeader });
  const stopping = new AbortController();
  const missing = new Set(['certificate authority', 'caches', 'servers', 'webhook registration']);
  let controller: Controller | undefined;
  let lease: ReturnType<typeof createLeaderLease> | undefined;
  const servers: Partial<Record<'webhook' | 'discovery', Server>> = {};
  const undo: (() => void | Promise<void>)[] = [];

  async function start(): Promise<void> {
    core.caches.start();
    undo.push(() => core.caches.stop());
    const authority = await untilAuthority(options);
    missing.delete('certificate authority');
    servers.webhook = createTlsServer(createInjectionHandler(injectionPorts(options, core, authority)), webhookLimits);
    servers.discovery = createTlsServer(createDiscoveryHandler(discoveryPorts(options, core, stopping.signal)));
    undo.push(await keepLeaf(options, authority, [servers.webhook, servers.discovery]));
    await core.caches.synced;
    missing.delete('caches');
    core.lostNodes.start();
    undo.push(() => core.lostNodes.stop());
    core.translations.touch();
    await Promise.all([
      listen(servers.webhook, options.ports.webhook),
      listen(servers.discovery, options.ports.discovery),
    ]);
    missing.delete('servers');
    undo.push(whenRegistered(core.caches, authority, () => missing.delete('webhook registration')));
    undo.push(() => closeAll([servers.webhook, servers.discovery]));
    lease = runForLeader(options, {
      onStarted: () => {
        controller = startController(
          controllerOptions(options, core, { authority, webhookPort: portOf(servers.webhook) }),
        );
      },
      onStopped: async () => {
        const stopped = controller;
        controller = undefined;
        await stopped?.stop();
      },
    });
    lease.start();
    logger.info({ identity: options.identity, ...listening() }, 'operator started');
  }

  const listening = () => ({ webhook: portOf(servers.webhook), discovery: portOf(servers.discovery) });

  return {
    start,
    async stop() {
      missing.add('stopping');
      stopping.abort();
      // The lease first, so that another replica takes over at once; then the servers; the caches last.
      await lease?.stop();
      await untilUnused(servers, options);
      for (const step of undo.toReversed()) await step();
      core.drains.stop();
      core.endedSessions.stop();
      core.translations.stop();
      logger.info({ atMs: clock.nowMs() }, 'operator stopped');
    },
    notReady: () => {
      const unread = core.caches.unread();
      return [...missing].map((what) =>
        what === 'caches' && unread.length > 0 ? `caches (${unread.join(', ')})` : what,
      );
    },
    isLeader,
    translations: core.translations,
    counters,
    injections: counters.injections,
    core,
    listening,
  };
}

/**
 * Calls back once, when the webhook configuration trusts this authority: a user who waits for a ready operator before creating pods expects
 * them to be injected. Only once: a later edit of the configuration does not make a replica unready, the leader reverts it.
 */
function whenRegistered(caches: Caches, { certPem }: Authority, registered: () => void): () => void {
  const wanted = Buffer.from(certPem).toString('base64');
  const check = () => {
    const bundles = caches.list('webhooks').flatMap(({ caBundles }) => caBundles);
    if (bundles.length === 0 || bundles.some((bundle) => bundle !== wanted)) return;
    unwatch();
    registered();
  };
  const unwatch = caches.onChange((name) => {
    if (name === 'webhooks') check();
  });
  check();
  return unwatch;
}

/** Nothing can be served without the authority, so this retries for as long as the error is retryable. */
async function untilAuthority({ cluster, namespace, clock, logger }: OperatorOptions): Promise<Authority> {
  for (;;) {
    try {
      return await loadOrCreateAuthority({ reader: cluster, writer: cluster, namespace, clock });
    } catch (error) {
      if (!(error instanceof AppError && error.retryable)) throw error;
      logger.warn({ error: describeError(error) }, 'certificate authority not loaded');
      await sleep(clock, 1000);
    }
  }
}

function keepLeaf(
  { serverNames, clock, logger }: OperatorOptions,
  authority: Authority,
  servers: Server[],
): Promise<() => void> {
  return rotateLeaf({
    authority,
    names: serverNames,
    clock,
    install: (leaf) => {
      for (const server of servers) installLeaf(server, leaf);
    },
    failed: (error) => {
      logger.error({ error: describeError(error) }, 'certificate not renewed');
    },
  });
}

function runForLeader(options: OperatorOptions, callbacks: { onStarted: () => void; onStopped: () => Promise<void> }) {
  const { cluster, namespace, identity, leaseTiming, clock, random, logger } = options;
  return createLeaderLease({
    reader: cluster,
    writer: cluster,
    namespace,
    name: operatorService,
    identity,
    ...(leaseTiming && { timing: leaseTiming }),
    ...callbacks,
    clock,
    random,
    logger,
  });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * The API server and the proxies reach this replica until they know that it is no endpoint of its Service any more. A pod that is created
 * meanwhile, as in the drain of a node with this replica and app pods, would get no sidecar if the webhook did not respond.
 */
async function untilUnused(
  servers: Record<string, Server>,
  { clock, shutdownDelayMs = 0 }: OperatorOptions,
): Promise<void> {
  if (shutdownDelayMs === 0) return;
  for (const server of Object.values(servers)) closeAfterResponses(server);
  await sleep(clock, shutdownDelayMs);
}

async function closeAll(servers: (Server | undefined)[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      const closed = new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
      // Table streams never end by themselves; their proxies reconnect to another replica.
      server?.closeAllConnections();
      return closed;
    }),
  );
}
