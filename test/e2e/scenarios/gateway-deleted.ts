/** One of two Gateways is deleted under its clients, and the app is scaled down in the same minute: what has begun is finished, and nothing is left behind. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { createCookieJar } from '../../../tools/demo/customers/cookies.ts';
import { createShopClient, type ShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { getObject, listObjects } from '../../support/objects.ts';
import { accepts, scale, untilDraining, untilSettled } from '../../support/shop-cluster.ts';
import { createHttp2Customer } from '../world/http2-customer.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const gateway = (name: string) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name },
  spec: { gatewayClassName: 'holdfast', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
});

/** A session on one pod, that ends at a time after which the pod may go. */
type Stay = { pod: string; endedAtMs: number };

const webSockets = { overHttp1: 5, overHttp2: 4 };
const uploads = 3;
/**
 * A draining pod is released sooner if the proxies of the deleted Gateway do not count: their last counts end with the idle timeout of 5 s, and the
 * quiet period of 5 s follows.
 */
const heldMs = 25_000;

/** `isOver`: whether the customers may end what they have begun. */
type Visit = { host: string; opened: () => void; isOver: () => boolean };

/** Talks over one WebSocket, which is never opened again. */
async function talk(
  client: Pick<ShopClient, 'login' | 'openWebSocket' | 'close'>,
  { opened, isOver }: Visit,
): Promise<Stay> {
  try {
    const pod = await client.login();
    const socket = await client.openWebSocket();
    opened();
    for (; !isOver(); await delay(500)) await socket.ping();
    await socket.bye();
    return { pod, endedAtMs: Date.now() };
  } finally {
    client.close();
  }
}

/** Sends one request, a byte at a time, which the app answers at its end. */
async function upload({ host, opened, isOver }: Visit): Promise<Stay> {
  const jar = createCookieJar();
  const client = createShopClient({ host, port: 80 }, { jar });
  try {
    const pod = await client.login();
    const headers = { host, ...jar.header() };
    const request = httpRequest({ host, port: 80, method: 'POST', path: '/cart/items', headers, agent: false });
    const answered = once(request, 'response');
    request.write('{"item":"a book that is sent slowly');
    opened();
    for (; !isOver(); await delay(500)) request.write('.');
    request.end('"}');
    const [response] = (await answered) as [IncomingMessage];
    const text = (await response.toArray()).join('');
    expect({ status: response.statusCode, text }).toEqual({ status: 200, text: expect.stringContaining('slowly') });
    return { pod, endedAtMs: Date.now() };
  } finally {
    client.close();
  }
}

async function addressOf(namespace: string, name: string): Promise<string> {
  const host = String((await getObject('service', `${name}-holdfast`, namespace))?.spec?.['clusterIP']);
  await until('the Service accepting connections', () => accepts(host, 80));
  return host;
}

const ownKinds = ['deployments', 'services', 'serviceaccounts', 'poddisruptionbudgets', 'pods'];

/** Returns the kinds of which the Gateway still has objects. */
async function leftOf(namespace: string, name: string): Promise<string[]> {
  const selector = `gateway.networking.k8s.io/gateway-name=${name}`;
  const lists = await Promise.all(ownKinds.map((kind) => listObjects(kind, namespace, selector)));
  return ownKinds.filter((_, at) => lists[at]?.length !== 0);
}

const options = {
  replicas: 3,
  spec: {
    route: { parentRefs: [{ name: 'holdfast' }, { name: 'edge' }] },
    sessionPersistence: { idleTimeout: '5s' },
  },
  objects: [gateway('holdfast'), gateway('edge')],
};

export const gatewayDeleted: Scenario = {
  title:
    'a Gateway deleted under load while its app is scaled 3 → 1: no stream or request is cut, no pod goes before them, and nothing is left',
  play: () =>
    inShop('e2e-gateway-deleted', options, async ({ namespace, pods }) => {
      const host = await addressOf(namespace, 'edge');
      let open = 0;
      let over = false;
      const visit: Visit = { host, opened: () => (open += 1), isOver: () => over };
      const stays = Promise.all([
        ...Array.from({ length: webSockets.overHttp1 }, () => talk(createShopClient({ host, port: 80 }), visit)),
        ...Array.from({ length: webSockets.overHttp2 }, () => talk(createHttp2Customer(host), visit)),
        ...Array.from({ length: uploads }, () => upload(visit)),
      ]);
      stays.catch(() => (over = true));
      await until('every stream open', async () => open === webSockets.overHttp1 + webSockets.overHttp2 + uploads);
      await kubectl('-n', namespace, 'delete', 'gateway', 'edge', '--wait=false');
      await scale(namespace, 1);
      await untilDraining(namespace, 2);
      await Promise.race([stays, delay(heldMs)]);
      over = true;
      const ended = await stays;
      await untilSettled(namespace, 1, 60_000);
      const goneAfterMs = ended.flatMap(({ pod, endedAtMs }) => {
        const goneMs = pods.goneAtMs.get(pod);
        return goneMs === undefined ? [] : [goneMs - endedAtMs];
      });
      process.stdout.write(`${JSON.stringify({ run: 'gateway-deleted: figures', goneAfterMs })}\n`);
      expect(new Set(ended.map(({ pod }) => pod)).size).toBe(3);
      expect(pods.goneAtMs.size).toBeGreaterThanOrEqual(2);
      expect(Math.min(...goneAfterMs)).toBeGreaterThan(0);
      await until('nothing left of the Gateway', async () => (await leftOf(namespace, 'edge')).length === 0, 30_000);
      expect(await leftOf(namespace, 'holdfast')).toEqual(ownKinds);
      await kubectl('-n', namespace, 'delete', 'gateway', 'holdfast', '--wait=false');
    }),
};
