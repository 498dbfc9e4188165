/** The Deployment controller: rolling updates. */
import { deployments, replicaSets } from '../../../../src/kube/resources.ts';
import type { Controller, Tools } from '../controller.ts';
import { writeStatus } from '../controller.ts';
import type { Deployment } from '../objects.ts';
import { asDeployment, asReplicaSet, keyOf, refOf } from '../objects.ts';
import { controllerKeys, isControlledBy } from '../owners.ts';
import type { DeploymentPlan } from './deployment-decision.ts';
import { decideDeployment } from './deployment-decision.ts';

const controller = 'deployment-controller';

export function createDeploymentController(tools: Tools): Controller {
  const { api, clock } = tools;

  async function reconcile(key: string): Promise<void> {
    const found = api.get(deployments, refOf(key));
    if (found === undefined) return;
    const deployment = asDeployment(found);
    const owned = api
      .list(replicaSets, found.metadata.namespace)
      .filter((one) => isControlledBy(one, found))
      .map(asReplicaSet);
    const plan = decideDeployment(deployment, owned, clock.nowMs());
    await apply(tools, deployment, plan);
    await writeStatus(api, deployments, deployment.metadata, plan.status);
  }

  return {
    name: controller,
    watches: [
      { resource: deployments, keys: ({ object }) => [keyOf(object)] },
      { resource: replicaSets, keys: (change) => controllerKeys('Deployment', change) },
    ],
    reconcile,
  };
}

async function apply({ api, events }: Tools, deployment: Deployment, plan: DeploymentPlan): Promise<void> {
  const record = (name: string, from: number, to: number) => {
    const note = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
    events(deployment, { controller, type: 'Normal', reason: 'ScalingReplicaSet', action: 'ScalingReplicaSet', note });
  };
  if (plan.create !== undefined) {
    const { metadata, spec } = asReplicaSet(await api.create(replicaSets, plan.create));
    if ((spec.replicas ?? 0) > 0) record(metadata.name, 0, spec.replicas ?? 0);
  }
  for (const { replicaSet, replicas } of plan.resize) {
    await api.patch(replicaSets, replicaSet.metadata, { spec: { replicas } });
    record(replicaSet.metadata.name, replicaSet.spec.replicas ?? 1, replicas);
  }
}
