/** The objects of one Gateway: the Gateway itself where Gateway API is installed, and the proxy that serves it. */
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

/** Of a Gateway that no StickyWorkload has a say in yet: as many as of one by default. */
const replicasWithoutRoutes = 2;

/**
 * Full objects for server-side apply. The Gateway of a user owns its proxy and is left as it is; one that StickyWorkloads need is made,
 * and they own it and the proxy together. Nothing is made where neither can own it, or no listener can be served.
 */
export function renderGateway(plan: GatewayPlan, world: RenderContext): OwnedObject[] {
  const ports = [...new Set(servedListeners(plan).map(({ port }) => port))].toSorted((one, other) => one - other);
  if (ports.length === 0 || (plan.userManaged === undefined && plan.generatedFor.length === 0)) return [];
  const identity = identityOf(plan);
  // They share one proxy: what one of them needs, all of them get.
  const asked = plan.routes.map((route) => route.plan.proxyReplicas);
  const replicas = asked.length === 0 ? replicasWithoutRoutes : Math.max(...asked);
  const proxy = [
    renderServiceAccount(identity),
    renderDeployment(identity, replicas, world.proxy),
    renderService(identity, ports),
    renderDisruptionBudget(identity),
  ];
  return world.gatewayApi.installed && plan.userManaged === undefined
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

/** The GatewayClass, one for the cluster, without an owner: Gateways of any namespace name it. */
export const renderGatewayClass = (): OwnedObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: gatewayClassName, labels: standardLabels('gateway-class', gatewayClassName) },
  spec: { controllerName },
});

/** GEP-1762: whatever stands for a Gateway carries its name as a label. */
const gatewayLabels = ({ gateway, className }: Identity): Record<string, string> => ({
  [labels.gatewayName]: gateway,
  [labels.gatewayClassName]: className,
});

/** What the user wants on it comes first, so that none of it replaces a label by which we know our own. */
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

// A Deployment's selector can never be changed: it holds what will not change.
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
      // Clients of a proxy that goes reconnect to another one, which reads the same token: there must be one.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: metadata.labels, ...annotationsOf(identity) },
        spec: {
          serviceAccountName: metadata.name,
          ...renderProxyPod({ namespace: identity.namespace, name: identity.gateway }, params),
          // Not topologySpreadConstraints: with one on zones the scheduler scores no node that has no zone label, and spreads over hosts neither.
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                'kubernetes.io/hostname',
                'topology.kubernetes.io/zone',
              ].map((topologyKey) => ({
                weight: 100,
                podAffinityTerm: { topologyKey, labelSelector: { matchLabels } },
              })),
            },
          },
        },
      },
    },
  };
}

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

// Listeners of one port share it, so it cannot have the name of one of them.
const portName = (port: number): string =>
  port === defaultListener.port ? defaultListener.name : `${defaultListener.name}-${port}`;

const renderDisruptionBudget = (identity: Identity): OwnedObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadataOf(identity, 'proxy'),
  spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(identity.gateway) } },
});
