/** A served StickyWorkload `cart` with one proxy whose reports a test sends over real TLS, and the token of the sidecar of cart-a. */
import { expect } from '@jest/globals';
import { pods } from '../../src/kube/resources.ts';
import type { Report } from '../../src/wire/messages.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { proxyPod } from './operator-objects.ts';
import { createServingWorld, type OperatorWorld } from './operator-world.ts';
import { openResourceStream, type ResourceStream } from './resource-stream.ts';
import type { TlsClient } from './tls-client.ts';

export type ReportedWorld = {
  world: OperatorWorld;
  operator: Operator;
  client: TlsClient;
  /**
   * Reports the sessions of each pod. `state`: `Draining` if the proxy routes by the current table, in which pods drain. `number`: the
   * sequence number of the report, by default the next one.
   */
  report(sessions: Record<string, number>, state?: 'Accepting' | 'Draining', number?: number): Promise<void>;
  /** The number of sessions in further reports whose clients have not returned, for each pod. */
  unconfirmed: { sessions: number };
};

/** `serve`: creates the world, by default with a Deployment. */
export async function createReportedWorld(
  serve: typeof createServingWorld = createServingWorld,
): Promise<ReportedWorld> {
  // Real TLS: certificates are issued by the clock of the operator and checked by the clock of the machine.
  const { world, operator } = await serve({ startMs: Math.floor(Date.now() / 1000) * 1000 });
  const client = world.client(operator.listening().discovery);
  world.put(pods, proxyPod('proxy-1'));
  addToken(world, { token: 'proxy', serviceAccount: 'holdfast-holdfast', pod: 'proxy-1' });
  addToken(world, { token: 'sidecar', serviceAccount: 'default', pod: 'cart-a' });
  await world.settle();
  let sequence = 0;
  const unconfirmed = { sessions: 0 };

  let stream: ResourceStream | undefined;
  const acknowledge = async () => {
    stream ??= await openResourceStream(client, { token: 'proxy' });
    return stream.acknowledge(operator.translations.table('shop/holdfast')?.table);
  };

  async function report(
    sessions: Record<string, number>,
    state: 'Accepting' | 'Draining' = 'Accepting',
    number = (sequence += 1),
  ): Promise<void> {
    const endpoints = Object.entries(sessions).map(([name, count]) => ({
      uid: `uid-${name}`,
      sessions: count + unconfirmed.sessions,
      expiresAtMs: world.clock.nowMs() + 1_800_000,
      ...(unconfirmed.sessions > 0 && { unconfirmed: { ...unconfirmed, expiresAtMs: world.clock.nowMs() + 60_000 } }),
    }));
    const acknowledged = state === 'Draining' ? await acknowledge() : {};
    const body: Report = { startedAtMs: 1, sequence: number, ...acknowledged, endpoints, ended: [], seen: [] };
    expect(await client.call('POST', '/v1/report', { token: 'proxy', body: JSON.stringify(body) })).toMatchObject({
      status: 200,
    });
  }

  return { world, operator, client, report, unconfirmed };
}

function addToken(world: OperatorWorld, of: { token: string; serviceAccount: string; pod: string }): void {
  world.cluster.addToken(of.token, {
    username: `system:serviceaccount:shop:${of.serviceAccount}`,
    podName: of.pod,
    podUid: `uid-${of.pod}`,
  });
}
