/** A pod on the network of its node: its sidecar has a port of its own there, reaches the operator without DNS, and is called by the kubelet. */
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import type { LiveObject } from '../../support/objects.ts';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { appPods, scale } from '../../support/shop-cluster.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

type Sidecar = { name: string; ports?: { hostPort: number }[] };

const sidecarOf = ({ spec }: LiveObject): Sidecar | undefined =>
  ((spec?.['initContainers'] ?? []) as Sidecar[]).find(({ name }) => name === 'holdfast-sidecar');

const options = {
  replicas: 1,
  spec: { drain: { quietPeriod: '1s' } },
  proxy: { replicas: 1 },
  pod: { hostNetwork: true },
};

export const hostNetwork: Scenario = {
  title: 'a pod on the network of its node is held for its session, and gone soon after it',
  play: () =>
    inShop('e2e-host-network', options, async ({ namespace, host, pods }) => {
      const [pod] = await appPods(namespace);
      expect(pod && sidecarOf(pod)?.ports?.[0]?.hostPort).toBeGreaterThanOrEqual(15_000);
      const client = createShopClient({ host, port: 80 });
      const name = await client.login();
      await scale(namespace, 0);
      await until('the pod terminating', async () => pods.terminatingSinceMs.has(name));
      for (const endMs = Date.now() + 5000; Date.now() < endMs;) await client.viewCart();
      expect(pods.goneAtMs.has(name)).toBe(false);
      await client.logout();
      await until('the pod gone', async () => pods.goneAtMs.has(name), 30_000);
      client.close();
    }),
};
