/** A sidecar waits at the operator until the drain status of its pod changes: every input of the status must answer it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { DrainStatus } from '../../src/wire/messages.ts';
import { namespaces, pods } from '../../src/kube/resources.ts';
import { namespace, proxyPod } from '../support/operator-objects.ts';
import type { OperatorWorld } from '../support/operator-world.ts';
import { createReportedWorld, type ReportedWorld } from '../support/reporting-proxy.ts';
import type { TlsClient } from '../support/tls-client.ts';

type Terminating = Extract<DrainStatus, { terminating: true }>;

let world: OperatorWorld;
let client: TlsClient;
let report: ReportedWorld['report'];

beforeEach(async () => {
  ({ world, client, report } = await createReportedWorld());
  await report({ 'cart-a': 3 });
  world.terminate('cart-a');
  await world.settle();
  await report({ 'cart-a': 3 }, 'Draining');
});
afterEach(() => world.stop());

async function ask(wait = ''): Promise<Terminating> {
  const { status, body } = await client.call('GET', `/v1/drain${wait}`, { token: 'sidecar' });
  expect(status).toBe(200);
  return body as Terminating;
}

/** Asks for another status than the current one. Its request waits at the operator when this resolves. */
async function startWaiting(forMs = 25_000) {
  const { version = '' } = await ask();
  const wait: { answer?: Terminating } = {};
  const answered = ask(`?known=${encodeURIComponent(version)}&wait=${forMs}`).then((answer) => {
    wait.answer = answer;
    return answer;
  });
  await untilAtOperator();
  expect(wait.answer).toBeUndefined();
  return { answered, wait };
}

/** Requests arrive in order: when the answer to a later one of the same kind is here, the earlier one waits. */
const untilAtOperator = async () => {
  for (let turn = 0; turn < 3; turn += 1) await client.call('GET', '/v1/drain', { token: 'sidecar' });
};

const editPod = (change: { spec?: object; status?: object; metadata?: object }) => {
  world.edit(pods, 'cart-a', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, ...change.metadata },
    status: { ...(pod['status'] as object), ...change.status },
  }));
};
const proxySource = (sessions: number) => [{ type: 'Proxy', known: true, sessions }];
const unknown = (reason: RegExp) => [{ type: 'Proxy', known: false, reason: expect.stringMatching(reason) }];
const state = (of: object) => ({ containerStatuses: [{ name: 'app', state: of }] });

const inputs: [string, () => unknown, object][] = [
  ['the count of its sessions', () => report({ 'cart-a': 2 }, 'Draining'), { sources: proxySource(2) }],
  ['the end of its last session', () => report({ 'cart-a': 0 }, 'Draining'), { sources: proxySource(0) }],
  [
    'a proxy that no longer has the pod in its table',
    () => report({ 'cart-b': 0 }, 'Draining'),
    { sources: unknown(/does not have this pod/) },
  ],
  ['a shorter grace period', () => world.terminate('cart-a', 60), { killAtMs: expect.any(Number) }],
  [
    'a disruption',
    () =>
      editPod({
        status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] },
      }),
    { disruption: 'EvictionByEvictionAPI' },
  ],
  ['an app that is reported to run', () => editPod({ status: state({ running: {} }) }), { appRuns: true }],
  [
    'the exit of its app',
    () => editPod({ status: state({ terminated: { finishedAt: '2026-01-01T00:00:00Z' } }) }),
    { sources: proxySource(0) },
  ],
  ['a further proxy', () => world.put(pods, proxyPod('proxy-2')), { sources: unknown(/proxy-2 has not reported/) }],
  [
    'the end of the only proxy',
    () => world.cluster.remove(pods, { namespace, name: 'proxy-1' }),
    { sources: unknown(/no proxy of Gateway shop\/holdfast is running/) },
  ],
  ['the removal of the pod', () => world.cluster.remove(pods, { namespace, name: 'cart-a' }), { terminating: true }],
];

test.each(inputs)('%s answers it before time passes', async (_, act, expected) => {
  const { answered } = await startWaiting();
  await act();
  // Less than the second after which every request is looked at again.
  await world.settle();
  expect(await answered).toMatchObject(expected);
});

test('the deletion of the namespace of a Gateway without proxies answers it', async () => {
  world.cluster.remove(pods, { namespace, name: 'proxy-1' });
  await world.settle();
  const { answered } = await startWaiting();
  world.put(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, deletionTimestamp: '2026-01-01T00:00:00Z' },
  });
  await world.settle();
  expect(await answered).toMatchObject({ sources: proxySource(0) });
});

test('a report that becomes too old answers it', async () => {
  const { answered } = await startWaiting();
  await world.clock.advance(7000);
  expect(await answered).toMatchObject({ sources: unknown(/last reported \d s ago/) });
});

test('changes of other pods do not answer it, and after its time it gets the same status', async () => {
  const { answered, wait } = await startWaiting(2000);
  await report({ 'cart-a': 3, 'cart-b': 9 }, 'Draining');
  await world.settle();
  expect(wait.answer).toBeUndefined();
  await world.clock.advance(2000);
  expect(await answered).toMatchObject({ sources: proxySource(3) });
});

test('a newer request of the same pod answers it', async () => {
  const { answered } = await startWaiting();
  const newer = await startWaiting();
  expect(await answered).toMatchObject({ sources: proxySource(3) });
  expect(newer.wait.answer).toBeUndefined();
  await report({ 'cart-a': 1 }, 'Draining');
  expect(await newer.answered).toMatchObject({ sources: proxySource(1) });
});

test('an operator that stops answers it first', async () => {
  const { answered } = await startWaiting();
  const stopped = world.stop('operator-1');
  expect(await answered).toMatchObject({ sources: proxySource(3) });
  await stopped;
});

test.each(['?wait=25000', '?known=other&wait=25000', '?known=VERSION&wait=no', '?known=VERSION&wait=-1'])(
  'a request that has no current version or no time is answered at once: %s',
  async (wait) => {
    const { version = '' } = await ask();
    expect(await ask(wait.replace('VERSION', encodeURIComponent(version)))).toMatchObject({ sources: proxySource(3) });
  },
);
