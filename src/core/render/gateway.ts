/** The objects of one Gateway: the Gateway itself if Gateway API is installed, and the proxy that serves it. */
import { servedListeners, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { defaultListener } from '../resolve/plan.ts';
import { containerPort, controllerName, gatewayClassName, labels, proxyName } from '../names/names.ts';
import type { Gateway, GatewayApi } from '../snapshot/snapshot.ts';
import { controlledByGateway, sharedBy, standardLabels, type Component, type OwnedObject } from './owned-object.ts';
import { renderProxyPod, type ProxyParams } from './proxy-pod.ts';

export type RenderContext = { gatewayApi: GatewayApi; proxy: ProxyParams };

type Identity = Required<Pick<OwnedObject['metadata'], 'namespace' | 'ownerReferences'>> & {
  gateway: string;
  className: string;
  infrastructure: Gateway['infrastructure'];
};

/** Of a Gateway without routes: the default of a StickyWorkload. */
const replicasWithoutRoutes = 2;

/**
 * Returns complete objects for server-side apply. A user-managed Gateway owns its proxy and is not changed; a generated one is rendered,
 * and the StickyWorkloads that need it own it and the proxy together. Returns nothing if there is no owner, or no listener can be served.
 */
export function renderGateway(plan: GatewayPlan, context: RenderContext): OwnedObject[] {
  const ports = [...new Set(servedListeners(plan).map(({ port }) => port))].toSorted((one, other) => one - other);
  if (ports.length === 0 || (plan.userManaged === undefined && plan.generatedFor.length === 0)) return [];
  const identity = identityOf(plan);
  // The StickyWorkloads share one proxy, so the largest number applies.
  const requested = plan.routes.map((route) => route.plan.proxyReplicas);
  const replicas = requested.length === 0 ? replicasWithoutRoutes : Math.max(...requested);
  const proxy = [
    renderServiceAccount(identity),
    renderDeployment(identity, replicas, context.proxy),
    renderService(identity, ports),
    renderDisruptionBudget(identity),
  ];
  return context.gatewayApi.installed && plan.userManaged === undefined
    ? [...proxy, renderGatewayObject(identity)]
    : proxy;
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

/** The GatewayClass: one for the cluster and without an owner, as Gateways of any namespace refer to it. */
export const renderGatewayClass = (): OwnedObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: gatewayClassName, labels: standardLabels('gateway-class', gatewayClassName) },
  spec: { controllerName },
});

/** GEP-1762: every object that is created for a Gateway has its name as a label. */
const gatewayLabels = ({ gateway, className }: Identity): Record<string, string> => ({
  [labels.gatewayName]: gateway,
  [labels.gatewayClassName]: className,
});

/** The user's labels come first, so that none of them replaces a label by which Holdfast identifies its objects. */
const metadataOf = (identity: Identity, component: Component): OwnedObject['metadata'] => ({
  namespace: identity.namespace,
  name: component === 'gateway' ? identity.gateway : proxyName(identity.gateway),
  labels: {
    ...identity.infrastructure.labels,
    ...standardLabels(component, identity.gateway),
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
  [labels.gatewayName]: gateway,
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

const renderServiceAccount = (identity: Identity): OwnedObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: metadataOf(identity, 'proxy'),
  automountServiceAccountToken: false,
});

function renderDeployment(identity: Identity, replicas: number, params: ProxyParams): OwnedObject {
  const metadata = metadataOf(identity, 'proxy');
  const matchLabels = selectorOf(identity.gateway);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas,
      selector: { matchLabels },
      // Clients of a terminating proxy reconnect to another one, which accepts the same token: there must be one.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: metadata.labels, ...annotationsOf(identity) },
        spec: {
          serviceAccountName: metadata.name,
          ...renderProxyPod({ namespace: identity.namespace, name: identity.gateway }, params),
          affinity: spreadOver(matchLabels),
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

function renderService(identity: Identity, ports: readonly number[]): OwnedObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(identity, 'proxy'),
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(identity.gateway),
      ports: ports.map((port) => ({
        name: portName(port),
        protocol: 'TCP',
        port,
        targetPort: containerPort(port),
        appProtocol: 'http',
      })),
    },
  };
}

// Several listeners may share a port, so it does not have the name of one of them.
const portName = (port: number): string =>
  port === defaultListener.port ? defaultListener.name : `${defaultListener.name}-${port}`;

const renderDisruptionBudget = (identity: Identity): OwnedObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadataOf(identity, 'proxy'),
  spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(identity.gateway) } },
});
