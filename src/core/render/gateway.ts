/** The objects of one Gateway: the Gateway itself where Gateway API is installed, and the proxy that serves it. */
import { defaultListener, type GatewayPlan } from '../accept/plan.ts';
import { containerPort, controllerName, gatewayClassName, labels, proxyName } from '../names/names.ts';
import type { GatewayApi } from '../snapshot/snapshot.ts';
import { sharedBy, standardLabels, type Component, type OwnedObject } from './owned-object.ts';
import { renderProxyPod, type ProxyParams } from './proxy-pod.ts';

export type GatewayWorld = { gatewayApi: GatewayApi; proxy: ProxyParams };

type Identity = Required<Pick<OwnedObject['metadata'], 'namespace' | 'ownerReferences'>> & { gateway: string };

/** Full objects for server-side apply, owned by all StickyWorkloads that the Gateway serves. */
export function renderGateway({ gateway, plans }: GatewayPlan, world: GatewayWorld): OwnedObject[] {
  const identity = { namespace: gateway.namespace, gateway: gateway.name, ownerReferences: sharedBy(plans) };
  // They share one proxy: what one of them needs, all of them get.
  const replicas = Math.max(1, ...plans.map(({ proxyReplicas }) => proxyReplicas));
  const proxy = [
    renderServiceAccount(identity),
    renderDeployment(identity, replicas, world.proxy),
    renderService(identity),
    renderDisruptionBudget(identity),
  ];
  return world.gatewayApi.installed ? [...proxy, renderGatewayObject(identity)] : proxy;
}

/** The GatewayClass, one for the cluster and owned by nobody: Gateways of any namespace name it. */
export function renderGatewayClass({ gatewayApi }: { gatewayApi: GatewayApi }): OwnedObject[] {
  if (!gatewayApi.installed) return [];
  return [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: gatewayClassName, labels: standardLabels('gateway-class', gatewayClassName) },
      spec: { controllerName },
    },
  ];
}

/** GEP-1762: whatever stands for a Gateway carries its name as a label. */
const gatewayLabels = (gateway: string): Record<string, string> => ({
  [labels.gatewayName]: gateway,
  [labels.gatewayClassName]: gatewayClassName,
});

const metadataOf = ({ namespace, gateway, ownerReferences }: Identity, component: Component): OwnedObject['metadata'] => ({
  namespace,
  name: component === 'gateway' ? gateway : proxyName(gateway),
  labels: { ...standardLabels(component, gateway), ...gatewayLabels(gateway) },
  ownerReferences,
});

// A Deployment's selector can never be changed: it holds what will not change.
const selectorOf = (gateway: string): Record<string, string> => ({ [labels.gatewayName]: gateway, [labels.component]: 'proxy' });

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
        metadata: { labels: metadata.labels },
        spec: {
          serviceAccountName: metadata.name,
          ...renderProxyPod({ namespace: identity.namespace, name: identity.gateway }, params),
          topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels },
          })),
        },
      },
    },
  };
}

function renderService(identity: Identity): OwnedObject {
  const { name, port } = defaultListener;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(identity, 'proxy'),
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(identity.gateway),
      ports: [{ name, protocol: 'TCP', port, targetPort: containerPort(port), appProtocol: 'http' }],
    },
  };
}

const renderDisruptionBudget = (identity: Identity): OwnedObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadataOf(identity, 'proxy'),
  spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(identity.gateway) } },
});
