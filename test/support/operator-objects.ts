/** Objects of users, controllers and kubelets, as the API server returns them. Namespace: shop. */
import type { KubeObject } from '../../src/kube/ports.ts';
import { stickyWorkload as wholeStickyWorkload, type ShortWorkload } from './world.ts';

export const namespace = 'shop';

/** The types of the API are narrower than KubeObject; as JSON they are the same. */
export const stickyWorkload = (short: ShortWorkload): KubeObject => ({ ...wholeStickyWorkload(short) });

type Port = { name?: string; containerPort: number };

export const deployment = (name: string, ports: Port[] = [{ name: 'http', containerPort: 8080 }]): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name, uid: `uid-of-${name}` },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'app:1', ports }] } },
  },
});

const controlledBy = (kind: string, name: string) => [
  { apiVersion: 'apps/v1', kind, name, uid: `uid-of-${name}`, controller: true },
];

/** The ReplicaSet of a Deployment. */
export const replicaSet = (name: string, owner: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { namespace, name, uid: `uid-of-${name}`, ownerReferences: controlledBy('Deployment', owner) },
});

/** A StatefulSet whose first pod has the suffix `-0`. */
export const statefulSet = (name: string, replicas: number): KubeObject => {
  const { spec, ...object } = deployment(name);
  return { ...object, kind: 'StatefulSet', spec: { ...(spec as object), replicas } };
};

/** A pod of a StatefulSet, with the sidecar. */
export const statefulPod = (set: string, ordinal: number): KubeObject => {
  const created = pod({ name: `${set}-${ordinal}`, of: set, app: set, workload: set });
  return { ...created, metadata: { ...created.metadata, ownerReferences: controlledBy('StatefulSet', set) } };
};

/** `of`: its ReplicaSet. `workload`: the StickyWorkload of its injection; without it the pod has no sidecar. */
export type ShortPod = { name: string; of: string; app: string; workload?: string };

/** A running and ready pod. */
export function pod({ name, of, app, workload }: ShortPod): KubeObject {
  const ports = [{ name: 'http', containerPort: 8080 }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      uid: `uid-${name}`,
      labels: { app },
      ownerReferences: controlledBy('ReplicaSet', of),
      ...(workload !== undefined && { annotations: { 'holdfast.dev/workload': workload } }),
    },
    spec: workload === undefined ? { containers: [{ name: 'app', image: 'app:1', ports }] } : injectedSpec(ports),
    status: { phase: 'Running', podIP: addressOf(name), conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

const injectedSpec = (ports: Port[]): object => ({
  terminationGracePeriodSeconds: 3640,
  initContainers: [{ name: 'holdfast-sidecar', image: 'holdfast:1', restartPolicy: 'Always' }],
  containers: [
    { name: 'app', image: 'app:1', ports, lifecycle: { preStop: { httpGet: { path: '/prestop', port: 15999 } } } },
  ],
});

/** Derived from the last character of the pod's name. */
const addressOf = (podName: string): string => `10.0.0.${podName.charCodeAt(podName.length - 1)}`;

/** The EndpointSlice of a Service, as its controller writes it while these pods are ready. */
export const slice = (service: string, podNames: string[]): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace, name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: podNames.map((name) => ({
    addresses: [addressOf(name)],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace, name, uid: `uid-${name}` },
  })),
});

/** A running pod of the proxy of a Gateway. */
export const proxyPod = (name: string, of = 'holdfast'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace,
    name,
    uid: `uid-${name}`,
    labels: {
      'app.kubernetes.io/managed-by': 'holdfast',
      'app.kubernetes.io/component': 'proxy',
      'gateway.networking.k8s.io/gateway-name': of,
    },
  },
  spec: {
    containers: [{ name: 'proxy', image: 'holdfast:1', env: [{ name: 'HOLDFAST_GATEWAY_NAME', value: of }] }],
  },
  status: { phase: 'Running', podIP: addressOf(name) },
});

const persistenceFields = {
  /** v1.1 to v1.6. */
  B: { sessionPersistence: { properties: { sessionName: {}, cookieConfig: {} } } },
  /** v1.7. */
  C: { sessionPersistence: { properties: { cookie: {}, header: {} } } },
  /** The standard channel. */
  Absent: {},
};

/** The same object in another namespace. Nothing else changes, so its name must differ from those in shop. */
export const elsewhere = (other: string, object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, namespace: other },
});

type ShortListener = {
  name: string;
  port?: number;
  protocol?: string;
  hostname?: string;
  allowedRoutes?: object;
  tls?: object;
};

/** As a user creates it. Default: class holdfast in namespace infra, one listener that accepts routes of all namespaces. */
export const gateway = (
  name: string,
  {
    className = 'holdfast',
    listeners = [{ name: 'http' }],
    ...spec
  }: { className?: string; listeners?: ShortListener[]; infrastructure?: object } = {},
): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'infra', name, uid: `uid-of-gateway-${name}`, generation: 1 },
  spec: {
    gatewayClassName: className,
    ...spec,
    listeners: listeners.map((listener) => ({
      port: 80,
      protocol: 'HTTP',
      allowedRoutes: { namespaces: { from: 'All' } },
      ...listener,
    })),
  },
});

/** Allows HTTPRoutes of namespace `from` to refer to all Services of the namespace. */
export const referenceGrant = (inNamespace: string, from: string): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: { namespace: inNamespace, name: `from-${from}` },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: from }],
    to: [{ group: '', kind: 'Service' }],
  },
});

/** The definition of ReferenceGrant, with the versions that it serves. */
export const grantDefinition = (...served: string[]): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'referencegrants.gateway.networking.k8s.io' },
  spec: { versions: served.map((version) => ({ name: version, served: true })) },
  status: { conditions: [{ type: 'Established', status: 'True' }] },
});

/** The definition of HTTPRoute, reduced to the fields in which the generations of Gateway API differ. */
export const routeDefinition = (generation: keyof typeof persistenceFields): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'httproutes.gateway.networking.k8s.io' },
  spec: {
    versions: [
      {
        name: 'v1',
        served: true,
        schema: {
          openAPIV3Schema: {
            properties: {
              spec: {
                properties: { rules: { items: { properties: { matches: {}, ...persistenceFields[generation] } } } },
              },
            },
          },
        },
      },
    ],
  },
  status: { conditions: [{ type: 'Established', status: 'True' }] },
});

const definitionOf = (name: string, version: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
  spec: { versions: [{ name: version, served: true }] },
  status: { conditions: [{ type: 'Established', status: 'True' }] },
});

export const listenerSetDefinition = definitionOf('listenersets.gateway.networking.k8s.io', 'v1');
export const backendTlsDefinition = definitionOf('backendtlspolicies.gateway.networking.k8s.io', 'v1');
export const grpcRouteDefinition = definitionOf('grpcroutes.gateway.networking.k8s.io', 'v1');
/** `fields`: of its spec. */
export const xBackendDefinition = (fields: Record<string, object>): KubeObject => {
  const name = 'xbackends.gateway.networking.x-k8s.io';
  const schema = { openAPIV3Schema: { properties: { spec: { properties: fields } } } };
  return { ...definitionOf(name, 'v1alpha1'), spec: { versions: [{ name: 'v1alpha1', served: true, schema }] } };
};
export const trafficPolicyDefinition = definitionOf('xbackendtrafficpolicies.gateway.networking.x-k8s.io', 'v1alpha1');

/** The Service that a user has written for the StickyWorkload cart. */
export const cartService: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'cart', uid: 'uid-of-service' },
  spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }], selector: { app: 'cart' } },
};

/** A route of a user to it, on the Gateway web. */
export const frontRoute: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'front', uid: 'uid-of-front', generation: 1 },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
    rules: [{ name: 'all', backendRefs: [{ group: '', kind: 'Service', name: 'cart', port: 80, weight: 1 }] }],
  },
};
