/** The objects of one Gateway: the Gateway itself if Gateway API is installed, and the proxy that serves it. */
import { defaultProxyObject, proxyKind, type HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import { group } from '../../api/stickyworkload.ts';
import { exposedListeners, servedListeners, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { defaultListener, gatewayKey } from '../resolve/plan.ts';
import { controllerName, gatewayClassName, labelOf, labels, proxyName } from '../names/names.ts';
import type { Gateway, GatewayApi, Pod } from '../snapshot/snapshot.ts';
import {
  controlledByGateway,
  ownedByPods,
  sharedBy,
  standardLabels,
  type Component,
  type OwnedObject,
} from './owned-object.ts';
import type { ClusterIndex } from '../translate/cluster-index.ts';
import { decideReplicas, findForeignAutoscaler } from './proxy-replicas.ts';
import { renderService } from './proxy-service.ts';
import { renderProxyPod, type ProxyParams } from './proxy-pod.ts';

export type RenderContext = {
  gatewayApi: GatewayApi;
  proxy: ProxyParams;
  seen: Pick<ClusterIndex, 'proxies' | 'autoscalers' | 'services' | 'proxyPods'>;
};

type Identity = Required<Pick<OwnedObject['metadata'], 'namespace' | 'ownerReferences'>> & {
  gateway: string;
  className: string;
  infrastructure: Gateway['infrastructure'];
};

/**
 * Returns complete objects for server-side apply. A user-managed Gateway owns its proxy and is not changed; a generated one is rendered,
 * and the StickyWorkloads that need it own it and the proxy together. Returns nothing if there is no owner, or no listener can be served.
 * With a broken reference to a HoldfastProxy the existing Deployment and Service stay as they are.
 */
export function renderGateway(plan: GatewayPlan, context: RenderContext): OwnedObject[] {
  const isUnowned = plan.userManaged === undefined && plan.generatedFor.length === 0;
  if (isUnowned || servedListeners(plan).length === 0) return [];
  const identity = identityOf(plan);
  const proxy = [
    renderServiceAccount(identity, context.seen.proxyPods.get(gatewayKey(plan.gateway)) ?? []),
    ...renderPods(plan, identity, context),
    ...renderServiceOf(plan, identity, context),
    renderDisruptionBudget(identity),
  ];
  return context.gatewayApi.installed && plan.userManaged === undefined
    ? [...proxy, renderGatewayObject(identity)]
    : proxy;
}

function renderPods({ gateway, parameters }: GatewayPlan, identity: Identity, context: RenderContext): OwnedObject[] {
  if (parameters.kind === 'broken') return [];
  const { spec } = parameters;
  const deployment = renderDeployment(identity, spec, context);
  // Two HorizontalPodAutoscalers of one Deployment would fight.
  if (spec.autoscaling === undefined || findForeignAutoscaler(gateway, context.seen)) return [deployment];
  return [deployment, renderAutoscaler(identity, spec.autoscaling)];
}

/** Without an address that it could have there is none yet: its address is fixed when it is created. */
function renderServiceOf(plan: GatewayPlan, identity: Identity, { seen }: RenderContext): OwnedObject[] {
  const { parameters, addresses, gateway } = plan;
  const existing = seen.services.get(`${gateway.namespace}/${proxyName(gateway.name)}`);
  if (parameters.kind === 'broken' || (addresses.kind !== 'usable' && existing === undefined)) return [];
  return [
    renderService(metadataOf(identity, 'proxy'), {
      ports: exposedListeners(plan),
      selector: selectorOf(identity.gateway),
      settings: parameters.spec.service,
      ips: addresses.kind === 'usable' ? addresses.ips : [],
      existing,
    }),
  ];
}

function renderAutoscaler(
  identity: Identity,
  { minReplicas, maxReplicas, targetCPUUtilizationPercentage }: NonNullable<HoldfastProxySpec['autoscaling']>,
): OwnedObject {
  const metadata = metadataOf(identity, 'proxy');
  const averageUtilization = targetCPUUtilizationPercentage;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name },
      minReplicas,
      maxReplicas,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
    },
  };
}

function identityOf({ gateway, userManaged, generatedFor }: GatewayPlan): Identity {
  const { object } = userManaged ?? {};
  return {
    namespace: gateway.namespace,
    gateway: gateway.name,
    className: object?.className ?? gatewayClassName,
    ownerReferences: object ? controlledByGateway(object) : sharedBy(generatedFor),
    infrastructure: object?.infrastructure ?? { labels: {}, annotations: {} },
  };
}

/**
 * The GatewayClass: one for the cluster and without an owner, as Gateways of any namespace refer to it. The HoldfastProxy need not exist: without
 * it the defaults apply.
 */
export const renderGatewayClass = (operatorNamespace: string): OwnedObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: gatewayClassName, labels: standardLabels('gateway-class', gatewayClassName) },
  spec: {
    controllerName,
    parametersRef: { group, kind: proxyKind, namespace: operatorNamespace, name: defaultProxyObject },
  },
});

/** GEP-1762: every object that is created for a Gateway has its name as a label. */
const gatewayLabels = ({ gateway, className }: Identity): Record<string, string> => ({
  [labels.gatewayName]: labelOf(gateway),
  [labels.gatewayClassName]: labelOf(className),
});

/** The user's labels come first, so that none of them replaces a label by which Holdfast identifies its objects. */
const metadataOf = (identity: Identity, component: Component): OwnedObject['metadata'] => ({
  namespace: identity.namespace,
  name: component === 'gateway' ? identity.gateway : proxyName(identity.gateway),
  labels: {
    ...identity.infrastructure.labels,
    ...standardLabels(component, labelOf(identity.gateway)),
    ...gatewayLabels(identity),
  },
  ...annotationsOf(identity),
  ownerReferences: identity.ownerReferences,
});

function annotationsOf({ infrastructure: { annotations } }: Identity): { annotations?: Record<string, string> } {
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}

// A Deployment's selector is immutable, so it has only labels that do not change.
const selectorOf = (gateway: string): Record<string, string> => ({
  [labels.gatewayName]: labelOf(gateway),
  [labels.component]: 'proxy',
});

function renderGatewayObject(identity: Identity): OwnedObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: metadataOf(identity, 'gateway'),
    spec: { gatewayClassName, listeners: [{ ...defaultListener, allowedRoutes: { namespaces: { from: 'Same' } } }] },
  };
}

/**
 * Its pods own it too: their tokens are valid only as long as it exists, and once their Gateway is deleted, and everything that it owns, they still
 * report sessions and have to learn which pods drain. The garbage collector deletes it with the last of them.
 */
function renderServiceAccount(identity: Identity, pods: readonly Pod[]): OwnedObject {
  const metadata = metadataOf(identity, 'proxy');
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...metadata, ownerReferences: [...identity.ownerReferences, ...ownedByPods(pods)] },
    automountServiceAccountToken: false,
  };
}

function renderDeployment(identity: Identity, spec: HoldfastProxySpec, { proxy, seen }: RenderContext): OwnedObject {
  const gateway = { namespace: identity.namespace, name: identity.gateway };
  const replicas = decideReplicas(spec, gateway, seen);
  const metadata = metadataOf(identity, 'proxy');
  const matchLabels = selectorOf(identity.gateway);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels },
      // Clients of a terminating proxy reconnect to another one, which accepts the same token: there must be one.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: metadata.labels, ...annotationsOf(identity) },
        spec: {
          serviceAccountName: metadata.name,
          ...renderProxyPod(gateway, proxy, spec),
          affinity: { ...spreadOver(matchLabels), ...spec.affinity },
        },
      },
    },
  };
}

// Not topologySpreadConstraints: with one on zones the scheduler does not score nodes without a zone label, nor spread over hosts.
const spreadOver = (matchLabels: Record<string, string>): object => ({
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(
      (topologyKey) => ({ weight: 100, podAffinityTerm: { topologyKey, labelSelector: { matchLabels } } }),
    ),
  },
});

const renderDisruptionBudget = (identity: Identity): OwnedObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadataOf(identity, 'proxy'),
  spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(identity.gateway) } },
});
