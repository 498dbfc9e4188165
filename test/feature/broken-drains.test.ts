import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pods } from '../../src/kube/resources.ts';
import { namespace } from '../support/operator-objects.ts';
import type { OperatorWorld } from '../support/operator-world.ts';
import { createReportedWorld, type ReportedWorld } from '../support/reporting-proxy.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let client: TlsClient;
let report: ReportedWorld['report'];

beforeEach(async () => {
  ({ world, client, report } = await createReportedWorld());
  await report({ 'cart-a': 3 });
  world.terminate('cart-a');
  await world.settle();
  await report({ 'cart-a': 3 }, 'Draining');
  world.takeChanges();
});
afterEach(() => world.stop());

const drainWarnings = async (): Promise<string[]> => {
  await world.settle();
  return world.takeChanges().events.filter((line) => line.startsWith('Warning'));
};
const noteOf = (reason: string) =>
  world.cluster.events().find((event) => event.reason === reason && event.regarding.kind === 'StickyWorkload')?.note;

test('the sessions that a force-deleted pod loses are reported on the pod and on the StickyWorkload', async () => {
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainWarnings()).toEqual(['Warning DrainBroken cart-a', 'Warning DrainBroken cart']);
  expect(noteOf('DrainBroken')).toMatch(
    /^Pod cart-a: the pod disappeared with 3 sessions, 59m\d+s before its deadline/,
  );
});

test('an app that exits by itself while it is held is reported with its sessions, and not as a completed drain', async () => {
  world.edit(pods, 'cart-a', (pod) => ({
    ...pod,
    status: {
      ...(pod['status'] as object),
      containerStatuses: [{ name: 'app', state: { terminated: { finishedAt: '2026-01-01T00:00:00Z' } } }],
    },
  }));
  expect(await drainWarnings()).toEqual(['Warning DrainBroken cart-a', 'Warning DrainBroken cart']);
  expect(noteOf('DrainBroken')).toMatch(/^Pod cart-a: the app's container exited by itself with 3 sessions/);
  const summary = { reason: 'DrainComplete', sessionsAtStart: 3, sessionsCut: 0, tookMs: 5000, message: 'all ended' };
  await client.call('POST', '/v1/drained', { token: 'sidecar', body: JSON.stringify(summary) });
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  await world.settle();
  expect(world.takeChanges().events).toEqual([]);
});

test('a pod that is deleted after its last session ended is not reported, even if its sidecar reported to another replica', async () => {
  await report({ 'cart-a': 0 }, 'Draining');
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainWarnings()).toEqual([]);
});

test('a pod whose sidecar reported the end of its drain is not reported twice, even if a client returned at the last moment', async () => {
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
  await report({ 'cart-a': 1 }, 'Draining');
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainWarnings()).toEqual([]);
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
  expect(await drainWarnings()).toEqual(['Warning SidecarRestarted cart-a', 'Warning SidecarRestarted cart']);
  expect(noteOf('SidecarRestarted')).toContain('the sidecar exited (OOMKilled) while it held the pod for 3 sessions');
  world.cluster.remove(pods, { namespace, name: 'cart-a' });
  expect(await drainWarnings()).toEqual([]);
});
