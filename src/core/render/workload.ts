/** The objects of one StickyWorkload: its Service and, if Gateway API is installed, its route. */
import type { WorkloadPlan } from '../resolve/workload-plan.ts';
import { chooseServicePort } from '../resolve/pod-port.ts';
import { isPodTerminal, type GatewayApi, type Pod } from '../snapshot/snapshot.ts';
import { renderRoute } from './route.ts';
import { controlledBy, standardLabels, type OwnedObject } from './owned-object.ts';

/** `pods`: those of the target. `isServiceOfUser`: a user's Service of its name selects them, and takes the place of its own. */
export type WorkloadContext = { gatewayApi: GatewayApi; pods: readonly Pod[]; isServiceOfUser?: boolean };

/** Returns complete objects for server-side apply. */
export function renderWorkload(
  plan: WorkloadPlan,
  { gatewayApi, pods, isServiceOfUser = false }: WorkloadContext,
): OwnedObject[] {
  const service = isServiceOfUser ? [] : [renderService(plan, pods)];
  if (!gatewayApi.installed || plan.parents.length === 0) return service;
  return [...service, renderRoute(plan.route, metadataOf(plan), gatewayApi.sessionPersistence)];
}

const metadataOf = (plan: WorkloadPlan): OwnedObject['metadata'] => ({
  namespace: plan.namespace,
  name: plan.name,
  labels: standardLabels('workload', plan.name),
  ownerReferences: controlledBy(plan),
});

function renderService(plan: WorkloadPlan, pods: readonly Pod[]): OwnedObject {
  const living = pods.filter((pod) => !isPodTerminal(pod));
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(plan),
    spec: {
      type: 'ClusterIP',
      // GEP-1619: a route with session persistence must be rejected if its Service has its own session affinity.
      sessionAffinity: 'None',
      selector: plan.selector,
      ports: [
        {
          name: 'http',
          protocol: 'TCP',
          port: plan.servicePort,
          targetPort: chooseServicePort(plan.targetPort, plan.containerPorts, living),
          appProtocol: plan.appProtocol,
        },
      ],
    },
  };
}
