/** The proxy that is fuzzed: the real request path and the real sessions in this process, on real sockets, with every hold counted. */
import { createProxyServer, type ProxyServer } from '../../src/dataplane/server.ts';
import { createSessionIds } from '../../src/dataplane/sessions/session-ids.ts';
import { createSessionRouter } from '../../src/dataplane/sessions/router.ts';
import type { RequestView, RouteDecision, SessionHold, SessionRouter } from '../../src/dataplane/routing.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { BackendProtocol } from '../../src/wire/routing-table.ts';
import { createMemoryLogger } from '../support/memory-logger.ts';
import { backendName, proxyTable } from '../support/proxy-table.ts';

/** A request as the proxy has read it. */
export type Routed = Pick<RequestView, 'method' | 'path' | 'query' | 'host'> & { isForwarded: boolean };

export type Target = {
  port: number;
  counters: ProxyServer['counters'];
  /** Those since the last call. */
  takeRouted(): Routed[];
  /** Returns the reasons of refusals and replies since the last call. */
  takeReasons(): string[];
  /** Connections to apps, also those without a request. */
  upstreamsOpen(): number;
  /** What is wrong with the proxy, now that no request is open. */
  problem(): string | undefined;
  close(): Promise<unknown>;
};

export type TargetOptions = { pods: readonly { pod: string; port: number }[]; protocol?: BackendProtocol };

export async function startTarget({ pods, protocol }: TargetOptions): Promise<Target> {
  const log = createMemoryLogger();
  const ledger = { open: 0, releasedTwice: 0 };
  let routed: Routed[] = [];
  const server = createProxyServer({ router: countingRouter(pods, { protocol, ledger, routed: () => routed }), log });
  const { port } = await server.listen({ port: 0, host: '127.0.0.1', listenerPort: 80 });
  const takeReasons = createReasons(server.counters);
  return {
    port,
    counters: server.counters,
    takeRouted() {
      const taken = routed;
      routed = [];
      return taken;
    },
    takeReasons,
    upstreamsOpen: () => server.upstreamCounts().open,
    problem() {
      const { requestsOpen, faults } = server.counters;
      const [fault] = log.lines().filter(({ level }) => level === 'error');
      if (fault !== undefined) return `internal error: ${JSON.stringify(fault.fields)}`;
      if (faults.Client + faults.Upstream + faults.Accept > 0) return 'internal error';
      if (requestsOpen !== 0) return `requests are open: ${requestsOpen}`;
      if (ledger.open !== 0) return `session holds are open: ${ledger.open}`;
      return ledger.releasedTwice === 0 ? undefined : 'a session hold was released twice';
    },
    close: () => server.shutdown({ graceMs: 0 }),
  };
}

type Closing = { close(): unknown };

/** The client first, and the apps last: nothing is cut that another one still waits for. */
export async function closeAll(client: Closing, target: Target, ...apps: readonly Closing[]): Promise<void> {
  client.close();
  await target.close();
  for (const app of apps) app.close();
}

type Ledger = { open: number; releasedTwice: number };
type Counting = { protocol: BackendProtocol | undefined; ledger: Ledger; routed: () => Routed[] };

function countingRouter(pods: TargetOptions['pods'], { protocol, ledger, routed }: Counting): SessionRouter {
  const router = createSessionRouter({
    clock: systemClock,
    random: () => 0.5,
    newSessionId: createSessionIds(),
    onUnpinnedId: () => undefined,
  });
  const table = proxyTable({ endpoints: pods.map(({ pod, port }) => ({ pod, port })) });
  const backend = table.backends[backendName];
  if (backend !== undefined && protocol !== undefined) backend.protocol = protocol;
  router.applyTable(table, Date.now());
  const counted = (decision: RouteDecision): RouteDecision =>
    decision.kind === 'forward' ? { ...decision, hold: countedHold(decision.hold, ledger) } : decision;
  return {
    labels: (request, listenerPort) => router.labels(request, listenerPort),
    route(request, listenerPort) {
      const decision = router.route(request, listenerPort);
      const { method, path, query, host } = request;
      routed().push({ method, path, query, host, isForwarded: !('kind' in decision) || decision.kind === 'forward' });
      return decision instanceof Promise ? decision.then(counted) : counted(decision);
    },
  };
}

function countedHold(hold: SessionHold, ledger: Ledger): SessionHold {
  ledger.open += 1;
  let isReleased = false;
  return new Proxy(hold, {
    get(of, property) {
      if (property !== 'release') {
        const value: unknown = Reflect.get(of, property, of);
        return typeof value === 'function' ? value.bind(of) : value;
      }
      return () => {
        if (isReleased) ledger.releasedTwice += 1;
        else ledger.open -= 1;
        isReleased = true;
        of.release();
      };
    },
  });
}

function createReasons({ refusals, replies }: ProxyServer['counters']): () => string[] {
  let before: Record<string, number> = {};
  return () => {
    const now: Record<string, number> = { ...refusals, ...replies };
    const changed = Object.keys(now).filter((reason) => now[reason] !== before[reason]);
    before = now;
    return changed;
  };
}
