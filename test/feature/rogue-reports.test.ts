/**
 * Pods of a namespace that report sessions of another one. Anyone who may create a StickyWorkload and a pod can run that pod as the
 * ServiceAccount of a Gateway of that namespace.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { deployments, pods, stickyWorkloads } from '../../src/kube/resources.ts';
import type { Report } from '../../src/wire/messages.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { deployment, elsewhere, proxyPod, stickyWorkload } from '../support/operator-objects.ts';
import type { OperatorWorld } from '../support/operator-world.ts';
import { openResourceStream } from '../support/resource-stream.ts';
import { createReportedWorld, type ReportedWorld } from '../support/reporting-proxy.ts';

let reported: ReportedWorld;
let world: OperatorWorld;
let operator: Operator;

beforeEach(async () => {
  reported = await createReportedWorld();
  ({ world, operator } = reported);
  const evil = proxyPod('rogue');
  // It looks like the proxy of shop's Gateway, but in its own namespace.
  world.put(pods, elsewhere('evil', evil));
  world.put(deployments, elsewhere('evil', deployment('decoy')));
  world.put(stickyWorkloads, elsewhere('evil', stickyWorkload({ name: 'decoy' })));
  for (const pod of ['rogue', 'bystander']) {
    world.cluster.addToken(`evil-${pod}`, {
      username: 'system:serviceaccount:evil:holdfast-holdfast',
      podName: pod,
      podUid: `uid-${pod}`,
    });
  }
  world.cluster.addToken('evil-other', {
    username: 'system:serviceaccount:evil:other-holdfast',
    podName: 'rogue',
    podUid: 'uid-rogue',
  });
  await world.settle();
  world.terminate('cart-a');
  await world.settle();
  await reported.report({ 'cart-a': 0, 'cart-b': 0 }, 'Draining');
});
afterEach(() => world.stop());

const send = (token: string, report: Partial<Report>) =>
  reported.client.call('POST', '/v1/report', {
    token,
    body: JSON.stringify({ startedAtMs: 1, sequence: 1, endpoints: [], ended: [], seen: [], ...report }),
  });

const lie = {
  endpoints: [{ uid: 'uid-cart-a', sessions: 7, expiresAtMs: 9e15 }],
};

async function sessionsOfCartA(): Promise<unknown> {
  const response = await reported.client.call('GET', '/v1/drain', { token: 'sidecar' });
  return (response.body as { sources?: unknown }).sources;
}

/** The proxy pod is deleted without a handover, and another one starts. */
async function replaceProxy(): Promise<void> {
  world.cluster.remove(pods, { namespace: 'shop', name: 'proxy-1' });
  world.put(pods, proxyPod('proxy-2'));
  world.cluster.addToken('proxy-2', {
    username: 'system:serviceaccount:shop:holdfast-holdfast',
    podName: 'proxy-2',
    podUid: 'uid-proxy-2',
  });
  await world.settle();
}

/** What a proxy sends that routes by the current table, in which cart-a drains. */
async function acknowledged(token: string): Promise<Partial<Report>> {
  const stream = await openResourceStream(reported.client, { token });
  return stream.acknowledge(operator.translations.table('shop/holdfast')?.table);
}

const nothing = { endpoints: lie.endpoints.map((endpoint) => ({ ...endpoint, sessions: 0 })) };

const counted = (sessions: number) => [{ type: 'Proxy', known: true, sessions }];
const results = () => Object.fromEntries(operator.counters.reports);

test('a proxy of another namespace cannot add sessions to a pod', async () => {
  expect(await send('evil-rogue', lie)).toMatchObject({ status: 200 });
  expect(await sessionsOfCartA()).toEqual(counted(0));
  expect(world.condition('cart', 'Draining')?.status).toBe('True');
});

test('a pod that is no proxy of its Gateway cannot report, and the operator logs and counts why', async () => {
  expect(await send('evil-bystander', lie)).toMatchObject({
    status: 403,
    body: {
      message: expect.stringContaining('UnknownProxy: pod evil/bystander is not a proxy of Gateway evil/holdfast'),
    },
  });
  expect(results()).toMatchObject({ UnknownProxy: 1 });
  expect(world.logger.lines().filter(({ message }) => message === 'report refused')).toMatchObject([
    { level: 'warn', fields: { result: 'UnknownProxy', gateway: 'evil/holdfast', pod: 'bystander' } },
  ]);
  expect(await sessionsOfCartA()).toEqual(counted(0));
});

test('a ServiceAccount that has only the name of one of a proxy cannot report', async () => {
  expect(await send('evil-other', lie)).toMatchObject({
    status: 403,
    body: { message: expect.stringContaining('does not belong to the proxy of a Gateway') },
  });
  expect(await sessionsOfCartA()).toEqual(counted(0));
});

test('reports about pods of another Gateway are counted at once, and logged if they do not stop: a table may be newer elsewhere', async () => {
  const unknown = { endpoints: [{ uid: 'uid-newer', sessions: 1, expiresAtMs: 1 }] };
  const refusals = () => world.logger.lines().filter(({ message }) => message === 'report refused');
  await send('proxy', { ...unknown, sequence: 100 });
  expect(results()).toMatchObject({ Reduced: 1 });
  await world.clock.advance(20_000);
  await send('proxy', { sequence: 101 });
  await world.clock.advance(20_000);
  await send('proxy', { ...unknown, sequence: 102 });
  expect(refusals()).toEqual([]);
  await world.clock.advance(30_000);
  await send('proxy', { ...unknown, sequence: 103 });
  expect(refusals()).toMatchObject([{ level: 'warn', fields: { result: 'Reduced', pod: 'proxy-1' } }]);
});

test('a proxy of another namespace cannot release a pod whose proxy crashed with sessions', async () => {
  await reported.report({ 'cart-a': 5 }, 'Draining');
  await replaceProxy();
  const routed = await acknowledged('proxy-2');
  await send('proxy-2', { ...nothing, ...routed });
  expect(await sessionsOfCartA()).toEqual(counted(5));
  const successorOf = [{ uid: 'uid-proxy-1', startedAtMs: 1 }];
  await send('evil-rogue', { successorOf });
  expect(await sessionsOfCartA()).toEqual(counted(5));
  await send('proxy-2', { ...nothing, sequence: 2, successorOf });
  expect(await sessionsOfCartA()).toEqual(counted(0));
});

test("a proxy of another namespace cannot have a proxy's own reports ignored", async () => {
  await send('evil-rogue', { successorOf: [{ uid: 'uid-proxy-1', startedAtMs: 1 }] });
  await reported.report({ 'cart-a': 3 }, 'Draining');
  expect(await sessionsOfCartA()).toEqual(counted(3));
});

test('a proxy that is gone holds a pod for no longer than the idle timeout, whatever it reported', async () => {
  await send('proxy', { ...lie, sequence: 100 });
  await replaceProxy();
  const routed = await acknowledged('proxy-2');
  await send('proxy-2', { ...nothing, ...routed });
  expect(await sessionsOfCartA()).toEqual(counted(7));
  await world.clock.advance(30 * 60_000);
  await send('proxy-2', { ...nothing, sequence: 2 });
  expect(await sessionsOfCartA()).toEqual(counted(0));
});
