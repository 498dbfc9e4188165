/** A HoldfastProxy for the proxies of a namespace with a quota; then an autoscaler of another owner scales them. */
import { expect } from '@jest/globals';
import { kubectl, kubectlInput, until } from '../../support/kubectl.ts';
import { conditionOf, getObject } from '../../support/objects.ts';
import { getWorkload } from '../../support/shop-cluster.ts';
import { inShop, type Scene } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const quota = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'team' },
  spec: { hard: { 'limits.cpu': '20', 'limits.memory': '8Gi' } },
};
const resources = { limits: { cpu: '500m', memory: '128Mi' } };
const refused = { replicas: 1 };
const allowed = { resources: { requests: { cpu: '20m' }, limits: { cpu: '500m', memory: '256Mi' } } };

const setProxy = (namespace: string, spec: object) =>
  kubectlInput(
    JSON.stringify({ apiVersion: 'holdfast.dev/v1alpha1', kind: 'HoldfastProxy', metadata: { name: 'proxies' }, spec }),
    'apply',
    '-n',
    namespace,
    '-f',
    '-',
  );

const replicasOf = async (namespace: string) =>
  (await getObject('deployment', 'holdfast-holdfast', namespace))?.spec?.['replicas'];

async function playRefusal({ namespace }: Scene): Promise<void> {
  await kubectlInput(JSON.stringify(quota), 'apply', '-n', namespace, '-f', '-');
  await setProxy(namespace, refused);
  await kubectl(
    '-n',
    namespace,
    'delete',
    'pods',
    '-l',
    'app.kubernetes.io/component=proxy',
    '--force',
    '--grace-period=0',
  );
  await until(
    'the refusal quoted',
    async () => {
      const condition = conditionOf(await getWorkload(namespace), 'Programmed');
      return (
        condition?.reason === 'PodsRefused' && condition.message.includes('failed quota: team: must specify limits.cpu')
      );
    },
    30_000,
  );
  await setProxy(namespace, allowed);
  await until(
    'the proxies ready',
    async () => conditionOf(await getWorkload(namespace), 'Programmed')?.status === 'True',
    60_000,
  );
}

/** Without metrics it scales to its minimum. Its change of the Deployment makes the operator apply its own fields again. */
async function playAutoscaler({ namespace }: Scene): Promise<void> {
  await kubectl('-n', namespace, 'autoscale', 'deployment', 'holdfast-holdfast', '--min=3', '--max=4', '--cpu=80%');
  await until('three replicas', async () => (await replicasOf(namespace)) === 3, 60_000);
  await until(
    'three ready proxies',
    async () =>
      Number((await getObject('deployment', 'holdfast-holdfast', namespace))?.status?.['readyReplicas']) === 3,
    60_000,
  );
  expect(await replicasOf(namespace)).toBe(3);
}

export const proxiesConfigured: Scenario = {
  title:
    'a HoldfastProxy: a refusal of its proxies by a quota is quoted, and an autoscaler of another owner keeps its number',
  play: () =>
    inShop('e2e-proxies', { replicas: 1, container: { resources }, proxy: refused }, async (scene) => {
      await playRefusal(scene);
      await playAutoscaler(scene);
    }),
};
