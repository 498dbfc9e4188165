/** Proxies of Gateway shop/holdfast that report to the operator of a world, as the test determines. */
import { expect } from '@jest/globals';
import type { KeyRingReport, Report } from '../../src/wire/messages.ts';
import { pods } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { namespace, proxyPod } from './operator-objects.ts';
import type { OperatorWorld } from './operator-world.ts';
import { openResourceStream, type ResourceStream } from './resource-stream.ts';
import type { TlsClient } from './tls-client.ts';

/** Less than the time after which a report is stale. */
const reportEveryMs = 4000;

export type ProxyReports = ReturnType<typeof createProxyReports>;

export function createProxyReports(world: OperatorWorld, operator: Operator) {
  const client: TlsClient = world.client(operator.listening().discovery);
  let sequence = 0;
  /** By name of the proxy: sessions by pod; omitted pods have none. `keyRings`: those that it reports, by default those of the table. */
  const proxies = new Map<string, { counts: Record<string, number>; keyRings?: Record<string, KeyRingReport> }>();

  const table = () => operator.translations.table(`${namespace}/holdfast`)?.table;

  function ringsOfTable(): Record<string, KeyRingReport> {
    const backends = Object.entries(table()?.backends ?? {});
    return Object.fromEntries(
      backends.flatMap(([key, { sessions }]) =>
        sessions
          ? [[key, { current: sessions.keyRing.current, ids: sessions.keyRing.keys.map(({ id }) => id) }] as const]
          : [],
      ),
    );
  }

  const streams = new Map<string, Promise<ResourceStream>>();
  function streamOf(name: string): Promise<ResourceStream> {
    const stream = streams.get(name) ?? openResourceStream(client, { token: name });
    streams.set(name, stream);
    return stream;
  }

  async function reportAll(): Promise<void> {
    for (const [name, { counts, keyRings = ringsOfTable() }] of proxies) {
      sequence += 1;
      const endpoints = Object.values(table()?.backends ?? {}).flatMap((backend) =>
        backend.endpoints.flatMap(({ uid, pod, state }) =>
          state === 'Absent' ? [] : [{ uid, sessions: counts[pod] ?? 0, expiresAtMs: world.clock.nowMs() + 1_800_000 }],
        ),
      );
      const acknowledged = await streamOf(name).then((stream) => stream.acknowledge(table()));
      const body: Report = { startedAtMs: 1, sequence, ...acknowledged, endpoints, ended: [], seen: [], keyRings };
      expect(await client.call('POST', '/v1/report', { token: name, body: JSON.stringify(body) })).toMatchObject({
        status: 200,
      });
    }
  }

  return {
    /** Starts a proxy that reports from now on. */
    run(name: string, counts: Record<string, number> = {}): void {
      world.put(pods, proxyPod(name));
      world.cluster.addToken(name, {
        username: `system:serviceaccount:${namespace}:holdfast-holdfast`,
        podName: name,
        podUid: `uid-${name}`,
      });
      proxies.set(name, { counts });
    },
    report(name: string, counts: Record<string, number>, keyRings?: Record<string, KeyRingReport>): void {
      proxies.set(name, { counts, ...(keyRings && { keyRings }) });
    },
    /** The proxy keeps running, but its reports stop. */
    silence(name: string): void {
      proxies.delete(name);
    },
    ringsOfTable,
    /** Advances the clock, and lets each reporting proxy report often enough to stay current. */
    async pass(ms: number): Promise<void> {
      for (let leftMs = ms; leftMs > 0; leftMs -= reportEveryMs) {
        await reportAll();
        await world.clock.advance(Math.min(leftMs, reportEveryMs));
      }
    },
  };
}
