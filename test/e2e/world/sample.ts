/** A sample of manifests/samples that is not the shop, as it is in its guide page, in a namespace of its own. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { kubectl, kubectlInput, until } from '../../support/kubectl.ts';
import { conditionOf, getObject, listObjects } from '../../support/objects.ts';
import { watchPods, type PodWatch } from '../../support/pod-watch.ts';
import { accepts, proxyAddress } from '../../support/shop-cluster.ts';
import { describeNamespace } from './scene.ts';

/** `name`: of the StickyWorkload, the Deployment and the label `app`. `spec`: fields of the StickyWorkload besides those of the sample. */
export type SampleOptions = { file: string; name: string; replicas: number; spec: object };

export type Sample = SampleOptions & { namespace: string; host: string; pods: PodWatch };

/** Creates the sample, runs the scenario and removes the sample. */
export async function inSample(
  namespace: string,
  options: SampleOptions,
  play: (sample: Sample) => Promise<void>,
): Promise<void> {
  const pods = await watchPods(namespace);
  try {
    await play({ ...options, namespace, host: await open(namespace, options), pods });
  } catch (error) {
    await describeNamespace(namespace);
    throw error;
  } finally {
    await pods.stop();
    await kubectl('delete', 'namespace', namespace, '--wait=false');
    await kubectl('-n', namespace, 'delete', 'pods', '--all', '--force', '--grace-period=0');
  }
}

async function open(namespace: string, { file, name, replicas, spec }: SampleOptions): Promise<string> {
  const items = parseAllDocuments(await readFile(file, 'utf8')).map((document) => document.toJS() as { spec: object });
  const [workload] = items;
  Object.assign(workload?.spec ?? {}, spec);
  await kubectl('create', 'namespace', namespace);
  await kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-n', namespace, '-f', '-');
  await until(
    `${name} ready with ${replicas} accepting`,
    async () => {
      const live = await getObject('stickyworkload', name, namespace);
      return conditionOf(live, 'Ready')?.status === 'True' && live?.status?.['acceptingReplicas'] === replicas;
    },
    120_000,
  );
  const host = await proxyAddress(namespace);
  await until('the Service accepting connections', () => accepts(host, 80));
  return host;
}

/** Scales the Deployment; resolves when the other pods drain. */
export async function scaleSample({ namespace, name, replicas, pods }: Sample, to: number): Promise<void> {
  await kubectl('-n', namespace, 'scale', `deployment/${name}`, `--replicas=${to}`);
  await until('pods draining', async () => pods.terminatingSinceMs.size === replicas - to, 30_000);
}

/** Resolves when only so many pods are left. */
export const untilLeft = ({ namespace, name }: Sample, replicas: number): Promise<true> =>
  until(
    `${replicas} pods`,
    async () =>
      (await listObjects('pods', namespace, `app=${name}`)).length === replicas ? (true as const) : undefined,
    120_000,
  );
