/**
 * A namespace as platform teams hand them out, and Helm: a ResourceQuota that requires limits of every container, pods with dnsPolicy
 * Default, which cannot resolve the operator's Service, and a Deployment that is applied before its StickyWorkload.
 */
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { isInjected, listObjects, type LiveObject } from '../../support/objects.ts';
import { appPods, scale } from '../../support/shop-cluster.ts';
import { addressOf } from '../world/proxies.ts';
import { inShop, type Scene } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const limits = { cpu: '500m', memory: '256Mi' };

const options = {
  replicas: 2,
  order: 'DeploymentFirst',
  spec: { drain: { quietPeriod: '1s' } },
  proxy: {
    replicas: 1,
    resources: { requests: { cpu: '10m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
  },
  pod: { dnsPolicy: 'Default' },
  container: { resources: { requests: { cpu: '10m', memory: '32Mi' }, limits } },
  objects: [
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team' },
      spec: { hard: { 'limits.cpu': '10', 'limits.memory': '8Gi', 'requests.cpu': '10', 'requests.memory': '8Gi' } },
    },
  ],
} as const;

/** Another pod, which runs a Node, sends this request. Resolves with the status. */
async function requestFromPod(from: LiveObject, url: string): Promise<number> {
  const script = `fetch('${url}').then(({ status }) => console.log(status))`;
  const { namespace = '', name } = from.metadata;
  return Number(await kubectl('-n', namespace, 'exec', name, '--', 'node', '-e', script));
}

async function drainedByItsSessions(scene: Scene): Promise<void> {
  const load = scene.customers('guarded-namespace', { webSockets: 2, eventStreams: 1, sessions: 12 });
  await until('customers on both pods', async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 2);
  await scale(scene.namespace, 1);
  const summary = await scene.farewell(load);
  expect(summary).toMatchObject({ lost: 0, misplaced: 0 });
  // The drain timeout is an hour: a sidecar that does not reach the operator would hold the pod that long.
  await until('the pod gone', async () => scene.pods.goneAtMs.size === 1, 30_000);
}

export const guardedNamespace: Scenario = {
  title:
    'a quota on limits, dnsPolicy Default, and the Deployment before its StickyWorkload: pods are injected, and released with their sessions',
  play: () =>
    inShop('e2e-guarded', { ...options, objects: [...options.objects] }, async (scene) => {
      const pods = await appPods(scene.namespace);
      expect(pods.map(isInjected)).toEqual([true, true]);
      const [proxy] = await listObjects('pods', scene.namespace, 'app.kubernetes.io/component=proxy');
      if (proxy === undefined) throw new Error('no proxy');
      const statuses = await Promise.all(
        pods.map((pod) => requestFromPod(proxy, `http://${addressOf(pod)}:15999/prestop/shop`)),
      );
      expect(statuses).toEqual([403, 403]);
      await drainedByItsSessions(scene);
    }),
};
