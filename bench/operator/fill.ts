/** Fills the cluster, several objects at a time. */
import type { KubeObject, ObjectWriter, Resource } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import * as objects from './objects.ts';

const workloadsPerNamespace = 50;
const writersAtATime = 16;
const namespaces: Resource = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

export type WorkloadRef = { namespace: string; name: string; firstPod: string; lastPod: { name: string; uid: string } };

type FillOptions = { workloads: number; pods: number; progress: (text: string) => void };

const reportEvery = 200;

/** Distributes the pods over the workloads, and returns where they are. */
export async function fillCluster(
  writer: ObjectWriter,
  { workloads, pods, progress }: FillOptions,
): Promise<WorkloadRef[]> {
  const names = Array.from({ length: Math.ceil(workloads / workloadsPerNamespace) }, (_, number) => `shop-${number}`);
  await inParallel(names, async (name) => {
    await writer.create(namespaces, objects.namespaceOf(name));
    // The ServiceAccount controller may have created it already. Without it no pod can be created.
    await writer.apply(resources.serviceAccounts, objects.serviceAccount(name));
  });
  const numbers = Array.from({ length: workloads }, (_, number) => number);
  return inParallel(numbers, (number) => {
    if (number % reportEvery === 0) progress(`creating StickyWorkload ${number} of ${workloads}, with its pods`);
    const podCount = Math.floor(((number + 1) * pods) / workloads) - Math.floor((number * pods) / workloads);
    return createWorkload(writer, {
      namespace: names[Math.floor(number / workloadsPerNamespace)] ?? '',
      name: `cart-${number}`,
      number,
      podCount,
    });
  });
}

type WorkloadPlan = { namespace: string; name: string; number: number; podCount: number };

async function createWorkload(
  writer: ObjectWriter,
  { namespace, name, number, podCount }: WorkloadPlan,
): Promise<WorkloadRef> {
  const deployment = await writer.create(resources.deployments, objects.deployment(namespace, name, podCount));
  const replicaSet = await writer.create(
    resources.replicaSets,
    objects.replicaSet(namespace, objects.ownerOf(deployment), podCount),
  );
  const pods: objects.PodAt[] = [];
  for (let podNumber = 0; podNumber < podCount; podNumber += 1) {
    const address = `10.${64 + (number >> 8)}.${number & 255}.${podNumber + 1}`;
    const pod = await writer.create(
      resources.pods,
      objects.pod(namespace, objects.ownerOf(replicaSet), { app: name, number: podNumber }),
    );
    await applyStatus(writer, resources.pods, pod, objects.runningStatus(address));
    pods.push({ name: pod.metadata.name, uid: pod.metadata.uid ?? '', address });
  }
  await writer.create(resources.endpointSlices, objects.endpointSlice(namespace, name, pods));
  await writer.create(resources.stickyWorkloads, objects.stickyWorkload(namespace, name));
  const { name: last = '', uid = '' } = pods.at(-1) ?? {};
  return { namespace, name, firstPod: pods[0]?.name ?? '', lastPod: { name: last, uid } };
}

/** The status that a kubelet or the Deployment controller would write. */
export async function applyStatus(
  writer: ObjectWriter,
  resource: Resource,
  { apiVersion, kind, metadata }: KubeObject,
  status: object,
): Promise<void> {
  const { namespace = '', name } = metadata;
  await writer.apply(resource, { apiVersion, kind, metadata: { namespace, name }, status }, 'status');
}

async function inParallel<In, Out>(inputs: readonly In[], work: (input: In) => Promise<Out>): Promise<Out[]> {
  const outputs: Out[] = [];
  const left = inputs.entries();
  const worker = async () => {
    for (const [index, input] of left) outputs[index] = await work(input);
  };
  await Promise.all(Array.from({ length: writersAtATime }, worker));
  return outputs;
}
