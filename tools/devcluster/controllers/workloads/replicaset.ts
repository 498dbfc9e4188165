/**
 * The ReplicaSet controller. kube-controller-manager keeps "expectations" because its informers lag behind its own writes;
 * here the store itself is read and each key has one worker, so that no pod can be created twice.
 */
import { describeError } from '../../../../src/platform/errors.ts';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { pods, replicaSets } from '../../../../src/kube/resources.ts';
import { copyJson } from '../../schema/json.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone, writeStatus } from '../controller.ts';
import type { Pod, ReplicaSet } from '../objects.ts';
import { asPod, asReplicaSet, keyOf, refOf } from '../objects.ts';
import { controllerKeys, controllerReference, isControlledBy } from '../owners.ts';
import { isActive, isOver, isReady, isTerminating } from '../pods.ts';
import { rankForDeletion } from './deletion-rank.ts';
import { withoutZeros } from './deployment-decision.ts';

const controller = 'replicaset-controller';

export function createReplicaSetController(tools: Tools): Controller {
  const { api } = tools;

  async function reconcile(key: string): Promise<void> {
    const found = api.get(replicaSets, refOf(key));
    if (found === undefined) return;
    const replicaSet = asReplicaSet(found);
    const all = api.list(pods, found.metadata.namespace).map(asPod);
    const owned = all.filter((pod) => isControlledBy(pod, replicaSet));
    try {
      if (found.metadata.deletionTimestamp === undefined) await scale(tools, replicaSet, owned.filter(isActive));
    } finally {
      await writeStatus(api, replicaSets, replicaSet.metadata, buildStatus(replicaSet, owned));
    }
  }

  return {
    name: controller,
    watches: [
      { resource: replicaSets, keys: ({ object }) => [keyOf(object)] },
      { resource: pods, keys: (change) => controllerKeys('ReplicaSet', change) },
    ],
    reconcile,
  };
}

/** Terminating pods do not count as replicas: their replacement starts at once (KEP-3973 only counts them). */
const buildStatus = (replicaSet: ReplicaSet, owned: readonly Pod[]): object => ({
  replicas: owned.filter(isActive).length,
  ...withoutZeros({
    readyReplicas: owned.filter((pod) => isActive(pod) && isReady(pod)).length,
    availableReplicas: owned.filter((pod) => isActive(pod) && isReady(pod)).length,
  }),
  terminatingReplicas: owned.filter((pod) => isTerminating(pod) && !isOver(pod)).length,
  observedGeneration: replicaSet.metadata.generation,
});

/** Throws the first failure to create a pod. */
async function scale(tools: Tools, replicaSet: ReplicaSet, active: readonly Pod[]): Promise<void> {
  const missing = (replicaSet.spec.replicas ?? 1) - active.length;
  const surplus = missing < 0 ? rankForDeletion(active, tools.clock.nowMs()).slice(0, -missing) : [];
  await Promise.all(surplus.map((pod) => removePod(tools, replicaSet, pod)));
  // The first one alone: if it fails (an admission webhook that is unavailable), the others would fail, too.
  for (const size of [Math.min(missing, 1), missing - 1]) {
    const created = Array.from({ length: Math.max(size, 0) }, () => createPod(tools, replicaSet));
    const failure = (await Promise.allSettled(created)).find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }
}

async function removePod({ api, events }: Tools, replicaSet: ReplicaSet, { metadata }: Pod): Promise<void> {
  await unlessGone(api.delete(pods, metadata, metadata.uid === undefined ? {} : { uid: metadata.uid }));
  const reason = 'SuccessfulDelete';
  events(replicaSet, { controller, type: 'Normal', reason, action: reason, note: `Deleted pod: ${metadata.name}` });
}

async function createPod({ api, events }: Tools, replicaSet: ReplicaSet): Promise<void> {
  const action = 'SuccessfulCreate';
  try {
    const { metadata } = await api.create(pods, buildPod(replicaSet));
    const note = `Created pod: ${metadata.name}`;
    events(replicaSet, { controller, type: 'Normal', reason: 'SuccessfulCreate', action, note });
  } catch (error) {
    const note = `Error creating: ${describeError(error)}`;
    events(replicaSet, { controller, type: 'Warning', reason: 'FailedCreate', action, note });
    throw error;
  }
}

/** The API server completes the name from `generateName`. */
function buildPod(replicaSet: ReplicaSet): KubeObject {
  const { metadata = {}, spec } = replicaSet.spec.template;
  const { namespace, name } = replicaSet.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...copyJson(metadata),
      name: '',
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [controllerReference(replicaSet)],
    },
    spec: copyJson(spec),
  };
}
