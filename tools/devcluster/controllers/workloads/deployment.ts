/** The Deployment controller. */
import { deployments, pods, replicaSets } from '../../../../src/kube/resources.ts';
import type { ClusterChange } from '../../cluster-api.ts';
import { controllerOf, isControlledBy } from '../claims.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import type { Deployment } from '../objects.ts';
import { asDeployment, asPod, asReplicaSet, keyOf, refOf } from '../objects.ts';
import type { Recheck } from '../queue.ts';
import { writeStatus } from '../status.ts';
import { claim, concernedOwners } from './ownership.ts';
import type { DeploymentPlan } from './deployment-decision.ts';
import { decideDeployment, revisionAnnotation } from './deployment-decision.ts';

const controller = 'deployment-controller';

export function createDeploymentController(tools: Tools): Controller {
  const { api, clock } = tools;

  async function reconcile(key: string): Promise<Recheck | undefined> {
    const found = api.get(deployments, refOf(key));
    if (found === undefined) return undefined;
    const deployment = asDeployment(found);
    const owned = await claim(api, deployment, { resource: replicaSets, read: asReplicaSet });
    const podsOfOwned = api
      .list(pods, deployment.metadata.namespace)
      .map(asPod)
      .filter((pod) => owned.some((replicaSet) => isControlledBy(pod, replicaSet)));
    const plan = decideDeployment({ deployment, replicaSets: owned, pods: podsOfOwned }, clock.nowMs());
    await apply(tools, deployment, plan);
    await writeStatus(api, deployments, deployment.metadata, plan.status);
    return plan.deadlineMs === undefined ? undefined : { recheckAfterMs: Math.max(0, plan.deadlineMs - clock.nowMs()) };
  }

  return {
    name: controller,
    watches: [
      { resource: deployments, keys: ({ object }) => [keyOf(object)] },
      {
        resource: replicaSets,
        keys: (change) => concernedOwners(api, { resource: deployments, read: asDeployment }, change),
      },
      // Only for Recreate, which waits until the last old pod is gone.
      { resource: pods, keys: (change) => (change.type === 'DELETED' ? deploymentOfPod(tools, change) : []) },
    ],
    reconcile,
  };
}

function deploymentOfPod({ api }: Tools, { object }: ClusterChange): string[] {
  const { namespace = '' } = object.metadata;
  const owner = controllerOf(object);
  const replicaSet = owner?.kind === 'ReplicaSet' ? api.get(replicaSets, { namespace, name: owner.name }) : undefined;
  const deployment = replicaSet === undefined ? undefined : controllerOf(replicaSet);
  return deployment?.kind === 'Deployment' ? [`${namespace}/${deployment.name}`] : [];
}

async function apply({ api, events }: Tools, deployment: Deployment, plan: DeploymentPlan): Promise<void> {
  const tell = (note: string) => {
    events(deployment, { controller, type: 'Normal', reason: 'ScalingReplicaSet', action: 'ScalingReplicaSet', note });
  };
  if (plan.create !== undefined) {
    const { metadata, spec } = asReplicaSet(await api.create(replicaSets, plan.create));
    if ((spec.replicas ?? 0) > 0) tell(`Scaled up replica set ${metadata.name} from 0 to ${spec.replicas}`);
  }
  for (const { replicaSet, patch, from, to } of plan.change) {
    await api.patch(replicaSets, replicaSet.metadata, patch);
    if (from !== to) {
      tell(`Scaled ${to > from ? 'up' : 'down'} replica set ${replicaSet.metadata.name} from ${from} to ${to}`);
    }
  }
  for (const { metadata } of plan.remove) await unlessGone(api.delete(replicaSets, metadata));
  if (plan.revision !== undefined && deployment.metadata.annotations?.[revisionAnnotation] !== plan.revision) {
    await unlessGone(
      api.patch(deployments, deployment.metadata, {
        metadata: { annotations: { [revisionAnnotation]: plan.revision } },
      }),
    );
  }
}
