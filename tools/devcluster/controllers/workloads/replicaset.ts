/**
 * The ReplicaSet controller. kube-controller-manager keeps "expectations" because its informers lag behind its own writes;
 * here the store itself is read and each key has one worker, so that no pod can be created twice.
 */
import { describeError } from '../../../../src/platform/errors.ts';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { pods, replicaSets } from '../../../../src/kube/resources.ts';
import { copyJson } from '../../schema/json.ts';
import { controllerOf, controllerReference, isControlledBy } from '../claims.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import type { Pod, ReplicaSet } from '../objects.ts';
import { asPod, asReplicaSet, keyOf, refOf } from '../objects.ts';
import { isTerminating } from '../pods.ts';
import type { Recheck } from '../queue.ts';
import { writeStatus } from '../status.ts';
import { claim, concernedOwners } from './ownership.ts';
import { decideReplicaSet, withReplicaFailure } from './replicaset-decision.ts';

const controller = 'replicaset-controller';

export function createReplicaSetController(tools: Tools): Controller {
  const { api, clock } = tools;

  async function reconcile(key: string): Promise<Recheck | undefined> {
    const found = api.get(replicaSets, refOf(key));
    if (found === undefined) return undefined;
    const replicaSet = asReplicaSet(found);
    const owned = await claim(api, replicaSet, { resource: pods, read: asPod });
    const plan = decideReplicaSet({ replicaSet, pods: owned, related: relatedPods(tools, replicaSet) }, clock.nowMs());
    const failure = await apply(tools, replicaSet, plan);
    const status = withReplicaFailure(
      plan.status,
      failure === undefined ? undefined : describeError(failure),
      clock.nowMs(),
    );
    await writeStatus(api, replicaSets, replicaSet.metadata, status);
    if (failure !== undefined) throw failure;
    return plan.nextAvailableMs === undefined ? undefined : { recheckAfterMs: plan.nextAvailableMs - clock.nowMs() };
  }

  return {
    name: controller,
    watches: [
      { resource: replicaSets, keys: ({ object }) => [keyOf(object)] },
      { resource: pods, keys: (change) => concernedOwners(api, { resource: replicaSets, read: asReplicaSet }, change) },
    ],
    reconcile,
  };
}

function relatedPods({ api }: Tools, replicaSet: ReplicaSet): Pod[] {
  const { namespace } = replicaSet.metadata;
  const deployment = controllerOf(replicaSet);
  const siblings = api
    .list(replicaSets, namespace)
    .filter((other) => deployment !== undefined && controllerOf(other)?.uid === deployment.uid);
  const owners = siblings.length === 0 ? [replicaSet] : siblings;
  const all = api.list(pods, namespace).map(asPod);
  return all.filter((pod) => owners.some((owner) => isControlledBy(pod, owner)));
}

/** Answers the first failure to create a pod. */
async function apply(
  tools: Tools,
  replicaSet: ReplicaSet,
  plan: { create: number; remove: readonly Pod[] },
): Promise<unknown> {
  await Promise.all(plan.remove.map((pod) => removePod(tools, replicaSet, pod)));
  // The first one alone: where it fails (quota, an admission webhook that is away) the others would, too.
  const batches = [Math.min(plan.create, 1), Math.max(plan.create - 1, 0)];
  for (const size of batches) {
    const results = await Promise.allSettled(Array.from({ length: size }, () => createPod(tools, replicaSet)));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) return failure.reason;
  }
  return undefined;
}

async function removePod({ api, events }: Tools, replicaSet: ReplicaSet, pod: Pod): Promise<void> {
  if (isTerminating(pod)) return;
  await unlessGone(api.delete(pods, pod.metadata, pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }));
  events(replicaSet, {
    controller,
    type: 'Normal',
    reason: 'SuccessfulDelete',
    action: 'SuccessfulDelete',
    note: `Deleted pod: ${pod.metadata.name}`,
  });
}

async function createPod({ api, events }: Tools, replicaSet: ReplicaSet): Promise<void> {
  const action = 'SuccessfulCreate';
  try {
    const { metadata } = await api.create(pods, buildPod(replicaSet));
    events(replicaSet, {
      controller,
      type: 'Normal',
      reason: 'SuccessfulCreate',
      action,
      note: `Created pod: ${metadata.name}`,
    });
  } catch (error) {
    events(replicaSet, {
      controller,
      type: 'Warning',
      reason: 'FailedCreate',
      action,
      note: `Error creating: ${describeError(error)}`,
    });
    throw error;
  }
}

/** The API server makes the name from `generateName`. */
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
