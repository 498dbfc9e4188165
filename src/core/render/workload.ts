/** The objects of one StickyWorkload: its Service and, where Gateway API is installed, its HTTPRoute. */
import { formatDuration } from '../../api/duration.ts';
import type { WorkloadPlan } from '../accept/plan.ts';
import type { GatewayApi } from '../snapshot/snapshot.ts';
import { controlledBy, standardLabels, type OwnedObject } from './owned-object.ts';

/** Full objects for server-side apply. Which of them exist depends on the StickyWorkload and on what is installed only. */
export function renderWorkload(plan: WorkloadPlan, { gatewayApi }: { gatewayApi: GatewayApi }): OwnedObject[] {
  return gatewayApi.installed ? [renderService(plan), renderRoute(plan, gatewayApi.sessionPersistence)] : [renderService(plan)];
}

const metadataOf = (plan: WorkloadPlan): OwnedObject['metadata'] => ({
  namespace: plan.namespace,
  name: plan.name,
  labels: standardLabels('workload', plan.name),
  ownerReferences: controlledBy(plan),
});

function renderService(plan: WorkloadPlan): OwnedObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(plan),
    spec: {
      type: 'ClusterIP',
      // GEP-1619: a route with session persistence must be refused where its Service has an affinity of its own.
      sessionAffinity: 'None',
      selector: plan.selector,
      ports: [{ name: 'http', protocol: 'TCP', port: plan.servicePort, targetPort: plan.targetPort, appProtocol: plan.appProtocol }],
    },
  };
}

type PersistenceShape = Extract<GatewayApi, { installed: true }>['sessionPersistence'];

function renderRoute(plan: WorkloadPlan, shape: PersistenceShape): OwnedObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: metadataOf(plan),
    spec: {
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: plan.gateway.name }],
      ...(plan.hostnames.length > 0 && { hostnames: plan.hostnames }),
      rules: [{ matches: plan.matches, backendRefs: [{ name: plan.name, port: plan.servicePort }], ...renderPersistence(plan, shape) }],
    },
  };
}

// GEP-1619 changed its fields twice; what one generation knows the next one refuses. None has a place for our idle timeout.
function renderPersistence({ persistence }: WorkloadPlan, shape: PersistenceShape): { sessionPersistence?: object } {
  const { cookieName, cookiePath, absoluteTimeoutMs } = persistence;
  const absoluteTimeout = absoluteTimeoutMs === undefined ? {} : { absoluteTimeout: formatDuration(absoluteTimeoutMs) };
  if (shape === 'Absent') return {};
  const named =
    shape === 'B'
      ? { ...sessionNameOf(cookieName), cookieConfig: { lifetimeType: 'Session' } }
      : { cookie: { name: cookieName, path: cookiePath, lifetimeType: 'Session' } };
  return { sessionPersistence: { type: 'Cookie', ...absoluteTimeout, ...named } };
}

// A session name has 128 characters at most, a cookie name 256: a longer one is left out rather than have the route refused.
const sessionNameOf = (cookieName: string): { sessionName?: string } => (cookieName.length <= 128 ? { sessionName: cookieName } : {});
