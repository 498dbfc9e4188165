/** The namespace is deleted with a session in it: no proxy comes after those that go, so nobody is waited for. */
import { kubectl, until } from '../../support/kubectl.ts';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { appPods, openShop } from '../../support/shop-cluster.ts';
import type { Scenario } from './scenario.ts';

const namespace = 'e2e-namespace-deleted';

export const namespaceDeleted: Scenario = {
  title: 'a namespace deleted with a session in it: its pods go when its proxies have gone, not an hour later',
  async play() {
    const { host } = await openShop(namespace, { replicas: 1, spec: { dataplane: { replicas: 1 } } });
    const client = createShopClient({ host, port: 80 });
    await client.login();
    await kubectl('delete', 'namespace', namespace, '--wait=false');
    await until('the pod told to end', async () =>
      (await appPods(namespace)).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    );
    const sinceMs = Date.now();
    await until('no pod left', async () => (await appPods(namespace)).length === 0, 90_000);
    process.stdout.write(`${JSON.stringify({ run: 'namespace-deleted: pods gone', afterMs: Date.now() - sinceMs })}\n`);
    client.close();
    // Kubernetes comes back to a namespace that had pods with a long grace after minutes, or when something of it changes.
    await kubectl('annotate', 'namespace', namespace, 'holdfast.test/nudge=1');
    await until(
      'the namespace gone',
      async () => (await kubectl('get', 'namespace', namespace, '--ignore-not-found')) === '',
      60_000,
    );
  },
};
