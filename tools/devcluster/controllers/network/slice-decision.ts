/** The EndpointSlices of a Service. Pure. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { isSameJson } from '../../schema/json.ts';
import { controllerReference } from '../claims.ts';
import type { Node, Pod, Service, ServicePort } from '../objects.ts';
import { reader } from '../objects.ts';
import { isOver, isReady, isTerminating } from '../pods.ts';
import { matchesSelector } from '../selectors.ts';

export type Endpoint = {
  addresses: string[];
  conditions: { ready: boolean; serving: boolean; terminating: boolean };
  nodeName?: string;
  targetRef: { kind: 'Pod'; name: string; namespace: string; uid: string };
  zone?: string;
};
export type SlicePort = { name: string; protocol: string; port: number; appProtocol?: string };
export type EndpointSlice = KubeObject & {
  addressType: string;
  endpoints?: Endpoint[] | null;
  ports?: SlicePort[] | null;
};
export const asEndpointSlice = reader<EndpointSlice>('EndpointSlice');

export type SliceSnapshot = {
  service: Service;
  /** All of the namespace. */
  pods: readonly Pod[];
  nodes: readonly Node[];
  /** Those that this controller manages for the Service. */
  slices: readonly EndpointSlice[];
};
export type SlicePlan = { create: EndpointSlice[]; update: EndpointSlice[]; remove: EndpointSlice[] };

const maxEndpointsPerSlice = 100;
export const managedBy = 'endpointslice-controller.k8s.io';

/** Endpoints with the same ports and address type share slices; those that are in one stay there, so that little is written. */
export function decideSlices({ service, pods, nodes, slices }: SliceSnapshot): SlicePlan {
  const groups = new Map<string, Group>();
  for (const pod of pods.filter((one) => isMember(service, one))) {
    for (const member of membersOf(service, pod, nodes)) {
      const group = groups.get(member.key) ?? { addressType: member.addressType, ports: member.ports, endpoints: [] };
      group.endpoints.push(member.endpoint);
      groups.set(member.key, group);
    }
  }
  // Readers tell "no endpoints" from "not known yet" by a slice being there.
  if (groups.size === 0) groups.set('none', { addressType: 'IPv4', ports: [], endpoints: [] });
  const wanted = [...groups.values()].flatMap((group) => fill(service, group, slices));
  const kept = new Set(wanted.map(({ metadata }) => metadata.name));
  return {
    create: wanted.filter(({ metadata }) => metadata.name === ''),
    update: wanted.filter((slice) => differs(slice, slices)),
    remove: slices.filter(({ metadata }) => !kept.has(metadata.name)),
  };
}

type Group = { addressType: string; ports: SlicePort[]; endpoints: Endpoint[] };

/** Pods that are ending stay until they have ended, pods that have ended are out (KEP-1672). */
function isMember({ spec }: Service, pod: Pod): boolean {
  const hasAddress = (pod.status?.podIP ?? '') !== '';
  return hasAddress && !isOver(pod) && matchesSelector({ matchLabels: spec.selector ?? {} }, pod.metadata.labels);
}

function membersOf(
  service: Service,
  pod: Pod,
  nodes: readonly Node[],
): { key: string; addressType: string; ports: SlicePort[]; endpoint: Endpoint }[] {
  const ports = (service.spec.ports ?? []).flatMap((port) => resolvePort(port, pod));
  const addresses = pod.status?.podIPs ?? [{ ip: pod.status?.podIP ?? '' }];
  return addresses.map(({ ip }) => {
    const addressType = ip.includes(':') ? 'IPv6' : 'IPv4';
    return {
      key: `${addressType} ${JSON.stringify(ports)}`,
      addressType,
      ports,
      endpoint: buildEndpoint(service, pod, { ip, nodes }),
    };
  });
}

/** A named target port is looked up in the pod; where the pod has none of that name, it does not serve this port. */
function resolvePort(
  { name = '', port, targetPort = port, protocol = 'TCP', appProtocol }: ServicePort,
  pod: Pod,
): SlicePort[] {
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const named = [...pod.spec.containers, ...sidecars]
    .flatMap((container) => container.ports ?? [])
    .find((candidate) => candidate.name === targetPort && (candidate.protocol ?? 'TCP') === protocol);
  const number = typeof targetPort === 'number' ? targetPort : named?.containerPort;
  return number === undefined
    ? []
    : [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }];
}

function buildEndpoint(service: Service, pod: Pod, { ip, nodes }: { ip: string; nodes: readonly Node[] }): Endpoint {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const { nodeName } = pod.spec;
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const zone = nodes.find(({ metadata }) => metadata.name === nodeName)?.metadata.labels?.[
    'topology.kubernetes.io/zone'
  ];
  return {
    addresses: [ip],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name, namespace, uid },
    ...(zone === undefined ? {} : { zone }),
  };
}

/** Slices that are there keep those of their endpoints that remain; newcomers go where there is room, then into new slices. */
function fill(
  service: Service,
  { addressType, ports, endpoints }: Group,
  slices: readonly EndpointSlice[],
): EndpointSlice[] {
  const left = new Map(endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const reused = slices.filter((slice) => slice.addressType === addressType && isSameJson(slice.ports ?? [], ports));
  const filled = reused.map((slice) => ({
    slice,
    members: (slice.endpoints ?? []).flatMap((endpoint) => take(left, identity(endpoint))),
  }));
  for (const { members } of filled.toSorted((a, b) => b.members.length - a.members.length)) {
    for (const key of [...left.keys()].slice(0, maxEndpointsPerSlice - members.length)) {
      members.push(...take(left, key));
    }
  }
  const used = filled.filter(({ members }) => members.length > 0);
  // The last empty slice stays for a Service without endpoints.
  const result = (used.length === 0 && left.size === 0 ? filled.slice(0, 1) : used).map(({ slice, members }) =>
    withEndpoints(service, slice, members),
  );
  const blank = blankSlice(service, addressType, ports);
  const rest = [...left.values()];
  for (let start = 0; start < rest.length; start += maxEndpointsPerSlice) {
    result.push(withEndpoints(service, blank, rest.slice(start, start + maxEndpointsPerSlice)));
  }
  return result.length === 0 ? [withEndpoints(service, blank, [])] : result;
}

/** A pod that is created anew under the same name and address is another endpoint. */
const identity = ({ addresses, targetRef }: Endpoint): string => `${addresses.join()} ${targetRef.uid}`;

function take(left: Map<string, Endpoint>, key: string): Endpoint[] {
  const endpoint = left.get(key);
  left.delete(key);
  return endpoint === undefined ? [] : [endpoint];
}

function blankSlice(service: Service, addressType: string, ports: SlicePort[]): EndpointSlice {
  const { name, namespace } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: '',
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [controllerReference(service)],
    },
    addressType,
    ports,
  };
}

const withEndpoints = (service: Service, slice: EndpointSlice, endpoints: Endpoint[]): EndpointSlice => ({
  ...slice,
  metadata: { ...slice.metadata, labels: labelsOf(service) },
  endpoints,
});

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  return {
    ...metadata.labels,
    ...(spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
    'endpointslice.kubernetes.io/managed-by': managedBy,
    'kubernetes.io/service-name': metadata.name,
  };
}

function differs(slice: EndpointSlice, slices: readonly EndpointSlice[]): boolean {
  const live = slices.find(({ metadata }) => metadata.name === slice.metadata.name);
  if (live === undefined) return false;
  return !isSameJson(live.endpoints ?? [], slice.endpoints) || !isSameJson(live.metadata.labels, slice.metadata.labels);
}
