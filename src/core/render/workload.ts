/** The objects of one StickyWorkload: its Service and, if Gateway API is installed, its HTTPRoute. */
import { formatDuration } from '../../api/duration.ts';
import { parentReference } from '../resolve/parents.ts';
import type { WorkloadPlan } from '../resolve/plan.ts';
import type { Carrier } from '../../wire/routing-table.ts';
import { chooseServicePort } from '../resolve/pod-port.ts';
import { isPodTerminal, type GatewayApi, type Pod } from '../snapshot/snapshot.ts';
import { controlledBy, standardLabels, type OwnedObject } from './owned-object.ts';

/** `pods`: those of the target. `isServiceOfUser`: a user's Service of its name selects them, and takes the place of its own. */
export type WorkloadContext = { gatewayApi: GatewayApi; pods: readonly Pod[]; isServiceOfUser?: boolean };

/** Returns complete objects for server-side apply. */
export function renderWorkload(
  plan: WorkloadPlan,
  { gatewayApi, pods, isServiceOfUser = false }: WorkloadContext,
): OwnedObject[] {
  const service = isServiceOfUser ? [] : [renderService(plan, pods)];
  const isRouted = gatewayApi.installed && plan.parents.length > 0;
  return isRouted ? [...service, renderRoute(plan, gatewayApi.sessionPersistence)] : service;
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

// 1 is Gateway API's default weight.
const renderBackend = (
  { namespace, name, port, weight }: WorkloadPlan['routeBackends'][number],
  plan: WorkloadPlan,
): object => ({
  name,
  ...(namespace !== plan.namespace && { namespace }),
  port,
  ...(weight !== 1 && { weight }),
});

type PersistenceShape = Extract<GatewayApi, { installed: true }>['sessionPersistence'];

function renderRoute(plan: WorkloadPlan, shape: PersistenceShape): OwnedObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: metadataOf(plan),
    spec: {
      parentRefs: plan.routeParents.map((parent) => parentReference(parent, plan.namespace)),
      ...(plan.hostnames.length > 0 && { hostnames: plan.hostnames }),
      rules: [
        {
          matches: plan.matches,
          backendRefs: plan.routeBackends.map((backend) => renderBackend(backend, plan)),
          ...renderPersistence(plan, shape),
        },
      ],
    },
  };
}

// GEP-1619 changed its fields twice; each generation rejects the fields of the others. None has a field for the idle timeout.
function renderPersistence(
  { persistence, limits }: WorkloadPlan,
  shape: PersistenceShape,
): { sessionPersistence?: object } {
  const { carrier } = persistence;
  // No generation of GEP-1619 has a field for a cookie or header of the app.
  if (shape === 'Absent' || (carrier.type !== 'Cookie' && carrier.type !== 'Header')) return {};
  const absoluteTimeout =
    limits.absoluteTimeoutMs === undefined ? {} : { absoluteTimeout: formatDuration(limits.absoluteTimeoutMs) };
  return {
    sessionPersistence: {
      type: carrier.type,
      ...absoluteTimeout,
      ...(shape === 'B' ? shapeB(carrier) : shapeC(carrier)),
    },
  };
}

const shapeB = (carrier: Carrier): object => ({
  ...sessionNameOf(carrier.name),
  ...(carrier.type === 'Cookie' && { cookieConfig: { lifetimeType: carrier.lifetimeType } }),
});

const shapeC = (carrier: Carrier): object =>
  carrier.type === 'Cookie'
    ? { cookie: { name: carrier.name, path: carrier.path, lifetimeType: carrier.lifetimeType } }
    : { header: { name: carrier.name } };

// A session name has at most 128 characters, a cookie name 256: a longer one is left out, because the API server would reject the route.
const sessionNameOf = (name: string): { sessionName?: string } => (name.length <= 128 ? { sessionName: name } : {});
