/** A shop of a single pod and a customer who stays: first its container restarts, then the pod is deleted twice. */
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { getObject } from '../../support/objects.ts';
import { appPods, flip } from '../../support/shop-cluster.ts';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { untilEvent } from '../world/events.ts';
import { inShop, type Scene } from '../world/scene.ts';
import { untilHeld } from '../world/sidecars.ts';
import type { Scenario } from './scenario.ts';

type Statuses = { containerStatuses?: { restartCount: number }[]; initContainerStatuses?: { restartCount: number }[] };

const graceSeconds = 30;
const marginSeconds = 12;
const options = {
  replicas: 1,
  spec: { drain: { shutdownMargin: `${marginSeconds}s` } },
  proxy: { replicas: 1 },
  container: {
    startupProbe: { httpGet: { path: '/livez', port: 'http' }, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: '/livez', port: 'http' }, periodSeconds: 1, failureThreshold: 2 },
  },
};

/** A container that fails its liveness probe restarts at once, as it did before it had a drain of an hour. */
async function restartContainer({ namespace, host }: Scene): Promise<void> {
  const client = createShopClient({ host, port: 80 });
  const name = await client.login();
  const [pod] = await appPods(namespace);
  if (pod === undefined) throw new Error('no pod');
  const sinceMs = Date.now();
  await flip(pod, '/not-live');
  const statuses = await until('the container restarted', async () => {
    const [{ status } = pod] = await appPods(namespace);
    return (status as Statuses).containerStatuses?.[0]?.restartCount === 1 && (status as Statuses);
  });
  const tookMs = Date.now() - sinceMs;
  process.stdout.write(`${JSON.stringify({ run: 'liveness-restart', tookMs })}\n`);
  // The probe's seconds, the hook's question to the operator, the app's own end, the start of another.
  expect(tookMs).toBeLessThan(15_000);
  expect(statuses.initContainerStatuses?.[0]?.restartCount).toBe(0);
  expect(await kubectl('-n', namespace, 'logs', name, '-c', 'holdfast-sidecar')).toContain('"reason":"NotTerminating"');
  client.close();
}

/** A pod that drains is deleted once more, with a shorter grace: it terminates at the shorter deadline, and its event names the cause. */
async function deleteTwice({ namespace, host, pods }: Scene): Promise<void> {
  const client = createShopClient({ host, port: 80 });
  const pod = await until('a login after the restart', () => client.login());
  await kubectl('-n', namespace, 'delete', 'pod', pod, '--wait=false');
  await untilHeld(namespace, pod);
  await client.viewCart();
  await kubectl('-n', namespace, 'delete', 'pod', pod, '--wait=false', `--grace-period=${graceSeconds}`);
  // Kubernetes counts the shorter grace from the first delete.
  const killAtMs = Date.parse(String((await getObject('pod', pod, namespace))?.metadata.deletionTimestamp));
  const event = await untilEvent(namespace, pod, 'DrainCutShort');
  const beforeKillMs = killAtMs - Date.parse(event.eventTime);
  await until('the pod gone', async () => pods.goneAtMs.get(pod), 30_000);
  process.stdout.write(`${JSON.stringify({ run: 'second-delete', beforeKillMs, note: event.note })}\n`);
  // The app keeps its margin of the shorter grace; some seconds for the sidecar to tell the operator.
  expect(beforeKillMs).toBeLessThanOrEqual(marginSeconds * 1000);
  expect(beforeKillMs).toBeGreaterThan((marginSeconds - 8) * 1000);
  expect(event.note).toMatch(/\d sessions?\b.*delete/i);
  client.close();
}

export const onePod: Scenario = {
  title:
    'a failing liveness probe restarts its container at once; a pod deleted twice terminates at the shorter deadline, and its event names the cause',
  play: () =>
    inShop('e2e-one-pod', options, async (scene) => {
      await restartContainer(scene);
      await deleteTwice(scene);
    }),
};
