/** The admin port of a proxy, of what its parts count. */
import { createAdminApp, listenAdmin, type AdminServer } from '../../platform/admin.ts';
import type { Clock } from '../../platform/clock.ts';
import { createRegistry } from '../../platform/metrics.ts';
import type { ProcessFaults } from '../../platform/process-faults.ts';
import type { LineCounts } from '../access-log/line-writer.ts';
import type { Listeners } from '../net/listeners.ts';
import type { ProxyServer } from '../server.ts';
import type { SessionCounters } from '../sessions/counters.ts';
import type { ManagedRouter } from '../sessions/router.ts';
import type { TableSource } from '../table-source.ts';
import { addDebugPages } from './debug-pages.ts';
import {
  httpSamples,
  processSamples,
  registerProxyMetrics,
  sessionSamples,
  workerSamples,
  type WorkerFigures,
} from './proxy-metrics.ts';

export type AdminParts = {
  router: Pick<ManagedRouter, 'table' | 'slotOf' | 'sessions'>;
  sessionCounters: SessionCounters;
  server: Pick<ProxyServer, 'counters' | 'upstreamCounts' | 'maxConnections'>;
  listeners: Pick<Listeners, 'areBound'>;
  target: { asOfMs(): number };
  source: Pick<TableSource, 'connected' | 'fileIsCurrent'>;
  accessLines: Readonly<LineCounts>;
  clock: Clock;
  isStopping: () => boolean;
  faults: ProcessFaults['counts'];
  workers?: WorkerFigures;
  /** Brings the counters up to date before they are read. */
  refresh?: () => Promise<void>;
};

export function startAdmin(port: number, parts: AdminParts): Promise<AdminServer> {
  const { router, server, listeners, target, source, accessLines, clock, isStopping } = parts;
  const registry = createRegistry();
  const table = () => router.table();
  const slotOf = (key: string, id: string) => router.slotOf(key, id);
  registerProxyMetrics(registry, {
    ...sessionSamples({
      counters: parts.sessionCounters,
      slotOf,
      table,
      connectedReplicas: () => source.connected().length,
      fileIsCurrent: () => source.fileIsCurrent(),
      tableAgeMs: () => (table() === undefined ? undefined : clock.nowMs() - target.asOfMs()),
    }),
    ...httpSamples(server.counters, server, accessLines),
    ...processSamples(parts.faults),
    ...workerSamples(parts.workers),
  });
  const notReady = () => {
    if (isStopping()) return ['shutting down'];
    if (table() === undefined) return ['no routing table yet'];
    return listeners.areBound() ? [] : ['a listener is not bound'];
  };
  const refreshed = {
    contentType: registry.contentType,
    async metrics() {
      await parts.refresh?.();
      return registry.metrics();
    },
  };
  const app = createAdminApp({ registry: refreshed, notReady });
  return listenAdmin(addDebugPages(app, { table, sessions: router.sessions, slotOf }), port);
}
