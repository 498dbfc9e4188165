/** A real proxy that follows a fake replica of the operator, and the HTTP server of an app behind it. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { startProxy, type Proxy } from '../../src/dataplane/proxy.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { operatorName, type FakeReplica } from './fake-operator.ts';
import { createMemoryLogger } from './memory-logger.ts';

/** Listens on a free port of the loopback. */
export async function listenLocally(server: Server): Promise<{ port: number; stop(): Promise<unknown> }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export type FollowingProxyOptions = { caPem: string; tokenFile: string; shutdownGraceMs: number };

/** Starts a proxy that gets its table from the replica, reports to it, and binds a free port for each listener. */
export function startFollowingProxy(
  replica: FakeReplica,
  { caPem, tokenFile, shutdownGraceMs }: FollowingProxyOptions,
): Promise<Proxy> {
  const operator = {
    gateway: { namespace: 'shop', name: 'web' },
    host: 'operator',
    port: replica.port,
    serverName: operatorName,
    ca: caPem,
    tokenFile,
    tableFile: undefined,
  };
  return startProxy(
    { source: { kind: 'operator', operator }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs },
    {
      clock: systemClock,
      log: createMemoryLogger(),
      resolve: () => Promise.resolve(['127.0.0.1']),
      bindPort: () => 0,
    },
  );
}
