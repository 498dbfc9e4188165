/** A new pod gets the address of a deleted one. A token names the pod, not the address: no client reaches another client's pod by it. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { fetchOnce } from '../../support/fetch-once.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import type { LiveObject } from '../../support/objects.ts';
import { appPods, proxyPods } from '../../support/shop-cluster.ts';
import { addressOf, sumMetric } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

/** The IPAM plugin of the node allocates round robin and keeps the last address in this file; after the preceding address it allocates the same one again. */
const lastAddressFile = `/run/holdfast-cluster/${process.env['HOLDFAST_CLUSTER'] ?? 'holdfast'}/cni-addresses/pods/last_reserved_ip.0`;

const pod = { nodeSelector: { 'kubernetes.io/hostname': 'node' } };
const proxy = { replicas: 1 };

/** Returns the cookies that a response sets. */
const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');

const call = (host: string, method: string, path: string, cookie = ''): Promise<Response> =>
  fetchOnce(`http://${host}${path}`, { method, headers: cookie ? { cookie } : {} });

async function replaceAtSameAddress(namespace: string, old: LiveObject): Promise<LiveObject> {
  await kubectl('-n', namespace, 'delete', 'pod', old.metadata.name, '--force', '--grace-period=0');
  for (;;) {
    const next = await until('a pod in its place', async () =>
      (await appPods(namespace)).find(
        ({ metadata, status }) => metadata.name !== old.metadata.name && status?.['podIP'] !== undefined,
      ),
    );
    if (addressOf(next) === addressOf(old)) return next;
    const before = addressOf(old).replace(/\d+$/, (last) => String(Number(last) - 1));
    await writeFile(lastAddressFile, before);
    await kubectl('-n', namespace, 'delete', 'pod', next.metadata.name, '--force', '--grace-period=0');
    await until('it gone', async () =>
      (await appPods(namespace)).every(({ metadata }) => metadata.name !== next.metadata.name),
    );
  }
}

export const addressReused: Scenario = {
  title: 'the address of a pod is reused: a token of the deleted pod is lost, and replaced by one of the new pod',
  play: () =>
    inShop('e2e-address', { replicas: 1, proxy, pod }, async ({ namespace, host }) => {
      await readFile(lastAddressFile);
      const [old] = await appPods(namespace);
      if (old === undefined) throw new Error('no pod');
      const proxies = await proxyPods(namespace);
      const before = cookiesOf(await call(host, 'POST', '/login'));
      const lostBefore = await sumMetric(proxies, 'holdfast_sessions_lost_total');
      const next = await replaceAtSameAddress(namespace, old);
      const response = await until('the new pod serving', async () => {
        const answer = await call(host, 'GET', '/cart', before);
        return answer.status === 503 ? undefined : answer;
      });
      // The new pod receives it as a new session, which the app does not know: it is not taken for another customer.
      expect(response.status).toBe(401);
      const token = cookiesOf(response);
      expect(token).toMatch(/^cart-session=h1\./);
      expect(before).not.toContain(token);
      expect(await sumMetric(proxies, 'holdfast_sessions_lost_total')).toBe(lostBefore + 1);
      expect(addressOf(next)).toBe(addressOf(old));
      // Ends the session, so that it does not hold the pod.
      const customer = `${token}; ${cookiesOf(await call(host, 'POST', '/login', token))}`;
      expect((await call(host, 'POST', '/logout', customer)).status).toBe(200);
    }),
};
