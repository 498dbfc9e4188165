/** The namespace is deleted with a session in it: no proxy replaces the terminating ones, so their sessions hold no pod. */
import { kubectl, until } from '../../support/kubectl.ts';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { appPods, openShop } from '../../support/shop-cluster.ts';
import type { Scenario } from './scenario.ts';

const namespace = 'e2e-namespace-deleted';

export const namespaceDeleted: Scenario = {
  title:
    'a namespace deleted with a session in it: its pods terminate when its proxies have terminated, not an hour later',
  async play() {
    const { host } = await openShop(namespace, { replicas: 1, proxy: { replicas: 1 } });
    const client = createShopClient({ host, port: 80 });
    await client.login();
    await kubectl('delete', 'namespace', namespace, '--wait=false');
    await until('the pods terminating', async () =>
      (await appPods(namespace)).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    );
    const sinceMs = Date.now();
    await until('no pod left', async () => (await appPods(namespace)).length === 0, 90_000);
    process.stdout.write(`${JSON.stringify({ run: 'namespace-deleted: pods gone', afterMs: Date.now() - sinceMs })}\n`);
    client.close();
    // The namespace controller retries a namespace that had pods with a long grace period after minutes, or when it changes.
    await kubectl('annotate', 'namespace', namespace, 'holdfast.test/nudge=1');
    await until(
      'the namespace gone',
      async () => (await kubectl('get', 'namespace', namespace, '--ignore-not-found')) === '',
      60_000,
    );
  },
};
