/** One object of each kind of other APIs that has a status of Holdfast, on Gateway `web` in namespace shop. */
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import {
  backendTlsDefinition,
  elsewhere,
  gateway,
  grpcRouteDefinition,
  listenerSetDefinition,
  routeDefinition,
  trafficPolicyDefinition,
  xBackendDefinition,
} from './operator-objects.ts';

const object = ({ group, version, kind }: Resource, name: string, spec: object): KubeObject => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: {
    namespace: 'shop',
    name,
    uid: `uid-of-${name}`,
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec,
});

const parentRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }];
const toService = { group: '', kind: 'Service', name: 'plain', port: 80 };
const toXBackend = { group: 'gateway.networking.x-k8s.io', kind: 'XBackend', name: 'selected' };
const targetRefs = [{ group: '', kind: 'Service', name: 'plain' }];

const web = elsewhere('shop', gateway('web', { infrastructure: { parametersRef: parametersRef('settings') } }));

function parametersRef(name: string): object {
  return { group: 'holdfast.dev', kind: 'HoldfastProxy', name };
}

export const everyDefinition: KubeObject[] = [
  routeDefinition('C'),
  backendTlsDefinition,
  grpcRouteDefinition,
  listenerSetDefinition,
  trafficPolicyDefinition,
  xBackendDefinition({ endpointSelector: {} }),
];

export type WithStatus = { resource: Resource; object: KubeObject };

export const everyStatus: WithStatus[] = [
  {
    resource: resources.gateways,
    object: { ...web, spec: { ...(web['spec'] as object), allowedListeners: { namespaces: { from: 'All' } } } },
  },
  {
    resource: resources.listenerSets,
    object: object(resources.listenerSets, 'team', {
      parentRef: { name: 'web' },
      listeners: [{ name: 'mine', port: 8081, protocol: 'HTTP', hostname: 'b.example' }],
    }),
  },
  {
    resource: resources.httpRoutes,
    object: object(resources.httpRoutes, 'front', {
      parentRefs,
      hostnames: ['front.example'],
      rules: [{ backendRefs: [toService] }, { matches: [{ path: { value: '/x' } }], backendRefs: [toXBackend] }],
    }),
  },
  {
    resource: resources.grpcRoutes,
    object: object(resources.grpcRoutes, 'calls', {
      parentRefs,
      hostnames: ['calls.example'],
      rules: [{ backendRefs: [toService] }],
    }),
  },
  {
    resource: resources.trafficPolicies,
    object: object(resources.trafficPolicies, 'policy', {
      targetRefs,
      sessionPersistence: { sessionName: 'of-the-policy' },
    }),
  },
  {
    resource: resources.xBackends,
    object: object(resources.xBackends, 'selected', {
      type: 'EndpointSelector',
      endpointSelector: { matchLabels: { app: 'plain' } },
      port: { number: 3000 },
    }),
  },
  {
    resource: resources.backendTlsPolicies,
    object: object(resources.backendTlsPolicies, 'secure', {
      targetRefs,
      validation: { wellKnownCACertificates: 'System', hostname: 'plain.internal' },
    }),
  },
  { resource: resources.holdfastProxies, object: object(resources.holdfastProxies, 'settings', {}) },
];

/** The Service to which all of them refer. */
export const plainService: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'plain', uid: 'uid-of-plain' },
  spec: { ports: [{ port: 80 }] },
};
