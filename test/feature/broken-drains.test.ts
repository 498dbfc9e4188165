import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EndpointReport, Report } from '../../src/wire/messages.ts';
import { pods } from '../../src/kube/resources.ts';
import { namespace, proxyPod } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let client: TlsClient;
let sequence = 0;

// Real TLS: the certificates are made by the operator's clock and checked by the machine's.
beforeEach(async () => {
  const served = await createServingWorld({ startMs: Math.floor(Date.now() / 1000) * 1000 });
  world = served.world;
  client = world.client(served.operator.listening().discovery);
  world.put(pods, proxyPod('proxy-1'));
  world.cluster.addToken('proxy', {
    username: 'system:serviceaccount:shop:holdfast-holdfast',
    podName: 'proxy-1',
    podUid: 'uid-proxy-1',
  });
  await world.settle();
  await report(3);
  world.terminate('cart-a');
  await world.settle();
  await report(3, 'Draining');
  world.news();
});
afterEach(() => world.stop());

/** As the proxy sends it: so many sessions on cart-a. */
async function report(sessions: number, state: EndpointReport['state'] = 'Accepting'): Promise<void> {
  sequence += 1;
  const endpoints = [{ uid: 'uid-cart-a', state, sessions, expiresAtMs: world.clock.nowMs() + 1_800_000 }];
  const body: Report = { startedAtMs: 1, sequence, endpoints, ended: [], seen: [] };
  expect(await client.call('POST', '/v1/report', { token: 'proxy', body: JSON.stringify(body) })).toMatchObject({
    status: 204,
  });
}

const drainNews = async (): Promise<string[]> => {
  await world.settle();
  return world.news().events.filter((line) => line.startsWith('Warning'));
};
const noteOf = (reason: string) =>
  world.cluster.events().find((event) => event.reason === reason && event.regarding.kind === 'StickyWorkload')?.note;

test('the sessions that a force-deleted pod loses are reported on the pod and on the StickyWorkload', async () => {
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainNews()).toEqual(['Warning DrainBroken cart-a', 'Warning DrainBroken cart']);
  expect(noteOf('DrainBroken')).toMatch(
    /^Pod cart-a: the pod disappeared with 3 sessions, 59m\d+s before its deadline/,
  );
});

test('a pod that is deleted after its last session ended is not reported, even if its sidecar reported to another replica', async () => {
  await report(0, 'Draining');
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainNews()).toEqual([]);
});

test('a pod whose sidecar reported the end of its drain is not reported twice, even if a client returned at the last moment', async () => {
  world.cluster.addToken('sidecar', {
    username: 'system:serviceaccount:shop:default',
    podName: 'cart-a',
    podUid: 'uid-cart-a',
  });
  const summary = {
    reason: 'DrainComplete',
    sessionsAtStart: 3,
    sessionsCut: 0,
    tookMs: 60_000,
    message: 'all sessions ended',
  };
  expect(await client.call('POST', '/v1/drained', { token: 'sidecar', body: JSON.stringify(summary) })).toMatchObject({
    status: 204,
  });
  await report(1, 'Draining');
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainNews()).toEqual([]);
});

test('a sidecar that is killed while it holds its pod is reported with the cause and the lost sessions', async () => {
  const state = (restartCount: number, lastState: object) => ({
    phase: 'Running',
    initContainerStatuses: [{ name: 'holdfast-sidecar', restartCount, state: { running: {} }, lastState }],
    containerStatuses: [{ name: 'app', state: { running: {} } }],
  });
  world.edit(pods, 'cart-a', (pod) => ({ ...pod, status: { ...(pod['status'] as object), ...state(0, {}) } }));
  await world.settle();
  world.edit(pods, 'cart-a', (pod) => ({
    ...pod,
    status: { ...(pod['status'] as object), ...state(1, { terminated: { reason: 'OOMKilled' } }) },
  }));
  expect(await drainNews()).toEqual(['Warning SidecarRestarted cart-a', 'Warning SidecarRestarted cart']);
  expect(noteOf('SidecarRestarted')).toContain('the sidecar exited (OOMKilled) while it held the pod for 3 sessions');
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainNews()).toEqual([]);
});
