/**
 * A session that its app has ended stays ended, whichever proxy its old token reaches, and also at a proxy that starts afterwards. A client
 * that continues to send the token does not hold the pod.
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import type { LiveObject } from '../../support/objects.ts';
import { proxyPods, scale, untilReady, untilSettled } from '../../support/shop-cluster.ts';
import { targetOf } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const confirmTimeoutMs = 5000;
const quietPeriodMs = 2000;
const spec = {
  sessionPersistence: { idleTimeout: '10m', confirmTimeout: '5s' },
  drain: { timeout: '120s', quietPeriod: '2s' },
};

type Reply = { pod: string; cookies: string[]; startsSession: boolean };

/** Sends a request through one proxy, whose port `fetch` refuses. `startsSession`: the response has a token of Holdfast. */
async function send(proxy: LiveObject, method: string, path: string, cookie = ''): Promise<Reply> {
  const sent = request({ ...targetOf(proxy), method, path, agent: false, headers: cookie ? { cookie } : {} }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const cookies = (response.headers['set-cookie'] ?? []).map((line) => String(line.split(';', 1)[0]));
  const { pod } = (await json(response)) as { pod: string };
  return { pod, cookies, startsSession: cookies.some((pair) => pair.startsWith('cart-session=h1.')) };
}

async function twoProxies(namespace: string): Promise<[LiveObject, LiveObject]> {
  const [one, other] = await proxyPods(namespace);
  if (one === undefined || other === undefined) throw new Error('there are not two proxies');
  return [one, other];
}

/** Replaces a proxy. Returns the new one when it is ready. */
async function replaceProxy(namespace: string, old: LiveObject): Promise<LiveObject> {
  const before = new Set((await proxyPods(namespace)).map(({ metadata }) => metadata.uid));
  await kubectl('-n', namespace, 'delete', 'pod', old.metadata.name, '--wait=false');
  return until(
    'a new proxy ready',
    async () =>
      (await proxyPods(namespace)).find(
        ({ metadata, status }) =>
          !before.has(metadata.uid) &&
          status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      ),
    60_000,
  );
}

export const endedStaysEnded: Scenario = {
  title: 'the token of a session that the app has ended starts a new session at every proxy, and holds no pod',
  play: () =>
    inShop('e2e-ended', { replicas: 2, spec }, async ({ namespace, pods }) => {
      const [one, other] = await twoProxies(namespace);
      const login = await send(one, 'POST', '/login');
      const cookie = login.cookies.join('; ');
      // Both proxies have the session, and return to its pod.
      for (const proxy of [one, other]) expect((await send(proxy, 'GET', '/cart', cookie)).pod).toBe(login.pod);
      await send(one, 'POST', '/logout', cookie);
      expect((await send(one, 'GET', '/healthz', cookie)).startsSession).toBe(true);
      // The notice to the other proxy takes a report of one and a message to the other.
      await until('the other proxy knows', async () => (await send(other, 'GET', '/healthz', cookie)).startsSession);
      const late = await replaceProxy(namespace, other);
      expect((await send(late, 'GET', '/healthz', cookie)).startsSession).toBe(true);

      // The pod of the ended session goes, although the token comes again and again.
      await kubectl(
        '-n',
        namespace,
        'annotate',
        '--overwrite',
        'pod',
        login.pod,
        'controller.kubernetes.io/pod-deletion-cost=-1',
      );
      await scale(namespace, 1);
      const deletedMs = await until('its pod terminating', async () => pods.terminatingSinceMs.get(login.pod));
      const seen = new Set<string>();
      await until('the pod gone', async () => {
        const replies = await Promise.all([one, late].map((proxy) => send(proxy, 'GET', '/healthz', cookie)));
        for (const { pod, startsSession } of replies) seen.add(`${pod} ${startsSession}`);
        return pods.goneAtMs.has(login.pod);
      });
      const goneMs = pods.goneAtMs.get(login.pod) ?? Number.NaN;
      process.stdout.write(`${JSON.stringify({ run: 'ended: pod gone', afterMs: goneMs - deletedMs })}\n`);
      // The last visit that reaches the pod counts until the confirm timeout. If each visit counted again, the pod would stay until the limit of the drain.
      expect(goneMs - deletedMs).toBeLessThanOrEqual(confirmTimeoutMs + quietPeriodMs + 15_000);
      expect([...seen].filter((reply) => !reply.endsWith(' true'))).toEqual([]);
      await untilReady(namespace, 1);
      await untilSettled(namespace, 1);
    }),
};
