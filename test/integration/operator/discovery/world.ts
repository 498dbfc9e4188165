/** A discovery server on a real port, with an API server that tests control. */
import { createDiscoveryHandler } from '../../../../src/operator/discovery/handler.ts';
import type { PodLife, PodDirectory } from '../../../../src/operator/discovery/drain-status.ts';
import type { PodRef, ProxyCaller } from '../../../../src/operator/discovery/caller.ts';
import type { PublishedTable } from '../../../../src/operator/discovery/resource-stream.ts';
import { createAcknowledgements } from '../../../../src/operator/discovery/acknowledgements.ts';
import { createTlsServer } from '../../../../src/operator/https/server.ts';
import type { DrainSummary, Report } from '../../../../src/wire/messages.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import type { Identity } from '../../../../src/kube/ports.ts';
import { createCertificates } from '../../../../tools/demo/certificate.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { openResourceStream } from '../../../support/resource-stream.ts';
import { createTlsClient, listen } from '../../../support/tls-client.ts';
import { defaultProxySettings } from '../../../../src/wire/proxy-settings.ts';

const proxy = (namespace: string, gateway: string, pod: string): Identity => ({
  username: `system:serviceaccount:${namespace}:${gateway}-holdfast`,
  podName: pod,
  podUid: `uid-${pod}`,
});

const certificates = createCertificates({ addresses: ['127.0.0.1'] });

export async function startDiscovery() {
  const clock = createManualClock();
  const logger = createMemoryLogger();
  const identities = new Map<string, Identity>([
    ['proxy-1', proxy('infra', 'web', 'p1')],
    ['proxy-2', proxy('infra', 'web', 'p2')],
    ['proxy-other', proxy('infra', 'other', 'p3')],
    ['sidecar', { username: 'system:serviceaccount:shop:cart', podName: 'cart-1', podUid: 'uid-cart-1' }],
  ]);
  const tables = new Map<string, PublishedTable>();
  const listeners = new Set<(keys: string[]) => void>();
  const reports: { proxy: ProxyCaller; report: Report }[] = [];
  const summaries: { pod: PodRef; summary: DrainSummary }[] = [];
  const state: { apiServerAway: boolean; cached: PodLife; live: PodLife } = {
    apiServerAway: false,
    cached: { kind: 'Alive' },
    live: { kind: 'Alive' },
  };
  const liveReads: PodRef[] = [];
  const failIfAway = () => {
    if (state.apiServerAway) throw new Error('API server away');
  };
  const pods: PodDirectory = {
    cached: () => state.cached,
    live: async (pod) => {
      failIfAway();
      liveReads.push(pod);
      return state.live;
    },
  };
  const acknowledgements = createAcknowledgements(0);
  const handler = createDiscoveryHandler({
    reviewer: {
      review: async (token) => {
        failIfAway();
        return identities.get(token);
      },
    },
    tables: {
      current: (key) => tables.get(key),
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    gatewayOf: ({ namespace, name }) =>
      name.endsWith('-holdfast') ? { namespace, name: name.slice(0, -9) } : undefined,
    acknowledgements,
    drain: { pods, sources: () => [{ type: 'Proxy', known: true, sessions: 3 }], onChange: () => () => undefined },
    stopping: new AbortController().signal,
    reports: {
      admit: () => undefined,
      take(caller, report) {
        reports.push({ proxy: caller, report });
        return { report, complete: false };
      },
      reduceHandover: (_caller, handover) => handover,
      refuse: () => undefined,
    },
    onDrained: (pod, summary) => summaries.push({ pod, summary }),
    replica: 'operator-1',
    clock,
    logger,
  });
  const { caPem, certPem, keyPem } = await certificates;
  const server = createTlsServer(handler);
  server.setSecureContext({ cert: certPem, key: keyPem });
  const port = await listen(server);
  const client = createTlsClient({ port, caPem });
  return {
    clock,
    logger,
    identities,
    reports,
    summaries,
    acknowledgements,
    state,
    liveReads,
    client,
    port,
    caPem,
    listeners,
    /** The Gateway is deleted. */
    withdraw(gatewayKey: string) {
      tables.delete(gatewayKey);
      for (const listener of listeners) listener([gatewayKey]);
    },
    /** `isRetired`: the Gateway is gone while its proxies still run. */
    publish(gatewayKey: string, table: RoutingTable, revision: string, isRetired = false) {
      tables.set(gatewayKey, { revision, asOfMs: clock.nowMs(), table, isRetired });
      for (const listener of listeners) listener([gatewayKey]);
    },
    stop() {
      client.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

export type Discovery = Awaited<ReturnType<typeof startDiscovery>>;

export const tableOf = (gateway: string, hostname = 'cart.example.com'): RoutingTable => ({
  gateway: { namespace: 'infra', name: gateway },
  proxy: defaultProxySettings,
  listeners: [{ name: 'http', protocol: 'HTTP', port: 80, hostname }],
  routes: [],
  backends: {},
});

export const openStream = ({ client }: Pick<Discovery, 'client'>, token: string, have?: Record<string, string>) =>
  openResourceStream(client, { token, ...(have && { have }) });
