/** Snapshots for tests of the core in short form: fields that a case omits have ordinary values. */
import { withDefaults } from '../../src/api/defaults.ts';
import { proxySpecSchema, type HoldfastProxy, type HoldfastProxySpec } from '../../src/api/holdfastproxy.ts';
import { specSchema, type StickyWorkloadSpec } from '../../src/api/spec.ts';
import { apiVersion, kind, type StickyWorkload } from '../../src/api/stickyworkload.ts';
import type {
  Autoscaler,
  Existing,
  Gateway,
  GatewayListener,
  GrpcRoute,
  HttpRoute,
  Owned,
  Pod,
  ProxyDeployment,
  ReferenceGrant,
  Service,
  Slice,
  SliceEndpoint,
  Snapshot,
  Target,
  TrafficPolicy,
  TlsSecret,
} from '../../src/core/snapshot/snapshot.ts';
import type { KeyRing } from '../../src/wire/routing-table.ts';

type DeepPartial<T> = T extends (infer I)[]
  ? DeepPartial<I>[]
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

export type ShortWorkload = {
  name: string;
  namespace?: string;
  uid?: string;
  createdAt?: string;
  generation?: number;
  spec?: DeepPartial<StickyWorkloadSpec>;
  status?: StickyWorkload['status'];
};

/** A StickyWorkload as the API server returns it. Default target: the Deployment of the same name. */
export function stickyWorkload({
  name,
  namespace = 'shop',
  uid,
  createdAt,
  generation = 1,
  spec = {},
  status,
}: ShortWorkload): StickyWorkload {
  const whole = withDefaults(specSchema, { targetRef: { kind: 'Deployment', name }, ...spec });
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid: uid ?? `uid-${name}`,
      generation,
      creationTimestamp: createdAt ?? '2026-01-01T00:00:00Z',
    },
    spec: whole as StickyWorkloadSpec,
    ...(status && { status }),
  };
}

type Short<T> = Partial<T> & { name: string };
/** `matchLabels: expressions`: the selector uses matchExpressions. */
type ShortTarget = Short<Omit<Target, 'matchLabels'>> & { matchLabels?: Record<string, string> | 'expressions' };
/** `pod`: its name; an endpoint without one has its own address. */
type ShortEndpoint = Partial<SliceEndpoint> & { pod?: string };
/** `port`: of the Service's port `http`. */
type ShortSlice = Omit<Short<Slice>, 'endpoints'> & { port?: number; endpoints: ShortEndpoint[] };

type ShortListener = { name: string } & Partial<GatewayListener>;

/** A snapshot in short form. Namespace: shop. */
export type ShortWorld = {
  workloads?: ShortWorkload[];
  targets?: ShortTarget[];
  /** `of`: the target that controls the pod, `Deployment/cart` by default; `none` for no controller. */
  pods?: (Short<Pod> & { of?: string })[];
  services?: Short<Service>[];
  slices?: ShortSlice[];
  keyRings?: Record<string, KeyRing>;
  gatewayApi?: Snapshot['gatewayApi'];
  gatewayClasses?: Snapshot['gatewayClasses'];
  /** By default of class holdfast, with one listener for all hosts and routes of its own namespace, and managed by a user unless it has an owner. */
  gateways?: (Omit<Short<Gateway>, 'listeners'> & { listeners?: ShortListener[] })[];
  referenceGrants?: ({ namespace: string } & Partial<ReferenceGrant>)[];
  namespaces?: Snapshot['namespaces'];
  tlsSecrets?: (Partial<TlsSecret> & { name: string })[];
  holdfastProxies?: { name: string; namespace?: string; spec?: DeepPartial<HoldfastProxySpec> }[];
  autoscalers?: Short<Autoscaler>[];
  /** Of a user if it has a spec; otherwise that of the StickyWorkload of the same name. */
  httpRoutes?: Short<HttpRoute>[];
  grpcRoutes?: Short<GrpcRoute>[];
  trafficPolicies?: Short<TrafficPolicy>[];
  proxies?: Short<ProxyDeployment>[];
  existing?: (Short<Existing> & { kind: Existing['kind'] })[];
  removedPods?: Snapshot['removedPods'];
};

export const keyRing: KeyRing = {
  current: 1,
  keys: [{ id: 1, secret: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
};

const emptyWorld: Required<Omit<ShortWorld, 'keyRings'>> = {
  workloads: [],
  targets: [],
  pods: [],
  services: [],
  slices: [],
  gatewayApi: { installed: true, sessionPersistence: 'B' },
  gatewayClasses: [{ name: 'holdfast', controllerName: 'holdfast.dev/gateway-controller' }],
  gateways: [],
  holdfastProxies: [],
  autoscalers: [],
  httpRoutes: [],
  grpcRoutes: [],
  trafficPolicies: [],
  referenceGrants: [],
  namespaces: [],
  tlsSecrets: [],
  proxies: [],
  existing: [],
  removedPods: {},
};

const createdAt = '2026-01-01T00:00:00Z';

/** Every StickyWorkload has a key ring unless the world lists the key rings. */
export function snapshotOf(short: ShortWorld): Snapshot {
  const world = { ...emptyWorld, ...short };
  const workloads = world.workloads.map(stickyWorkload);
  const rings = Object.fromEntries(
    workloads.map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, keyRing]),
  );
  return {
    workloads,
    targets: world.targets.map(wholeTarget),
    deletedTargets: [],
    pods: world.pods.map(wholePod),
    services: world.services.map((service) => ({
      isExternalName: false,
      type: 'ClusterIP',
      clusterIps: [],
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      loadBalancer: [],
      ...service,
      ...whole(service),
    })),
    slices: world.slices.map(wholeSlice),
    keyRings: short.keyRings ?? rings,
    gatewayApi: world.gatewayApi,
    gatewayClasses: world.gatewayClasses,
    holdfastProxies: world.holdfastProxies.map(wholeHoldfastProxy),
    operatorNamespace: 'holdfast-system',
    autoscalers: world.autoscalers.map((scaler) => ({
      target: { kind: 'Deployment', name: 'holdfast-holdfast' },
      ...scaler,
      ...whole({ ownerUids: [], ...scaler }),
    })),
    gateways: world.gateways.map(wholeGateway),
    referenceGrants: world.referenceGrants.map((grant) => ({ name: 'grant', from: [], to: [], ...grant })),
    namespaces: world.namespaces,
    httpRoutes: world.httpRoutes.map(wholeHttpRoute),
    grpcRoutes: world.grpcRoutes.map((route) => ({ generation: 1, createdAt, spec: {}, ...route, ...whole(route) })),
    trafficPolicies: world.trafficPolicies.map((policy) => ({
      generation: 1,
      createdAt,
      services: [],
      unsupported: [],
      ...policy,
      ...whole(policy),
    })),
    tlsSecrets: world.tlsSecrets.map((secret) => ({ namespace: 'shop', chain: '', key: '', ...secret })),
    proxies: world.proxies.map((proxy) => ({ gateway: 'holdfast', readyReplicas: 2, ...proxy, ...whole(proxy) })),
    existing: world.existing.map((object) => ({ ...object, ...whole(object) })),
    removedPods: world.removedPods,
    nodes: {},
  };
}

// By default the StickyWorkload of the same name owns a Service or route.
const whole = (object: Short<Owned>): Owned => ({
  namespace: 'shop',
  uid: `uid-of-${object.name}`,
  ownerUids: [`uid-${object.name}`],
  ...object,
});

const wholeHoldfastProxy = ({
  name,
  namespace = 'shop',
  spec = {},
}: NonNullable<ShortWorld['holdfastProxies']>[number]): HoldfastProxy => ({
  metadata: { namespace, name },
  spec: withDefaults(proxySpecSchema, spec) as HoldfastProxySpec,
});

const wholeGateway = ({
  listeners = [{ name: 'http' }],
  ...gateway
}: NonNullable<ShortWorld['gateways']>[number]): Gateway => ({
  className: 'holdfast',
  generation: 1,
  infrastructure: { labels: {}, annotations: {} },
  addresses: [],
  unsupported: [],
  ...whole({ ownerUids: [], ...gateway }),
  ...gateway,
  listeners: listeners.map((listener) => ({
    port: 80,
    protocol: 'HTTP',
    allowedRoutes: { from: 'Same', kinds: [] },
    ...listener,
  })),
});

const wholeTarget = ({ matchLabels, ...target }: ShortTarget): Target => ({
  kind: 'Deployment',
  namespace: 'shop',
  uid: `uid-of-${target.name}`,
  ...(matchLabels !== 'expressions' && { matchLabels: matchLabels ?? { app: target.name } }),
  labels: { app: target.name },
  containerPorts: [{ name: 'http', port: 8080 }],
  hasReadinessProbe: true,
  ...target,
});

export function wholePod({ of = 'Deployment/cart', ...pod }: Short<Pod> & { of?: string }): Pod {
  const [controllerKind = '', controllerName = ''] = of.split('/');
  return {
    namespace: 'shop',
    uid: `uid-${pod.name}`,
    phase: 'Running',
    ready: true,
    createdAtMs: 0,
    labels: {},
    ports: [{ port: 8080, name: 'http', container: 'app' }],
    injection: { injected: true, keptPreStop: [] },
    ...(of !== 'none' && { controller: { kind: controllerKind, name: controllerName } }),
    ...pod,
  };
}

const wholeHttpRoute = (route: Short<HttpRoute>): HttpRoute => ({
  generation: 1,
  createdAt: '2026-01-01T00:00:00Z',
  spec: {},
  ...whole({ ...(route.spec && { ownerUids: [] }), ...route }),
  ...route,
});

const wholeSlice = ({ port = 8080, ...slice }: ShortSlice): Slice => ({
  namespace: 'shop',
  service: 'cart',
  family: 'IPv4',
  ports: [{ name: 'http', port }],
  ...slice,
  endpoints: slice.endpoints.map(wholeEndpoint),
});

// By default a pod's address in a slice is derived from the last character of its name.
const wholeEndpoint = ({ pod, ...endpoint }: ShortEndpoint): SliceEndpoint => ({
  ...(pod !== undefined && { podUid: `uid-${pod}`, podName: pod }),
  address: `10.0.0.${pod === undefined ? 0 : pod.charCodeAt(pod.length - 1)}`,
  ready: true,
  serving: true,
  terminating: false,
  ...endpoint,
});
