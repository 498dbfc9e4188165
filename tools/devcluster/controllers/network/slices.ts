/** The EndpointSlices of a Service. Pure. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { Pod, Service, ServicePort } from '../objects.ts';
import { controllerReference } from '../owners.ts';
import { isOver, isReady, isTerminating } from '../pods.ts';
import { matchesSelector } from '../selectors.ts';

export type Endpoint = {
  addresses: string[];
  conditions: { ready: boolean; serving: boolean; terminating: boolean };
  nodeName?: string;
  targetRef: { kind: 'Pod'; name: string; namespace: string; uid: string };
};
export type SlicePort = { name: string; protocol: string; port: number; appProtocol?: string };
export type EndpointSlice = KubeObject & {
  addressType: string;
  endpoints?: Endpoint[] | null;
  ports?: SlicePort[] | null;
};

export const managedBy = 'endpointslice-controller.k8s.io';
export const serviceLabel = 'kubernetes.io/service-name';

/** Pods whose named target port has another number need another slice. Without pods there is an empty slice: readers infer "no endpoints" from it. */
export function buildSlices(service: Service, pods: readonly Pod[]): EndpointSlice[] {
  const members = pods
    .filter((pod) => isMember(service, pod))
    .map((pod) => ({ endpoint: buildEndpoint(service, pod), ports: portsOf(service, pod) }));
  const groups = [...Map.groupBy(members, ({ ports }) => JSON.stringify(ports)).values()].map((group) => ({
    ports: group[0]?.ports ?? [],
    endpoints: group.map(({ endpoint }) => endpoint),
  }));
  return (groups.length > 0 ? groups : [{ ports: [], endpoints: [] }]).map((group) => buildSlice(service, group));
}

/** Terminating pods stay until they have terminated; then they are removed (KEP-1672). */
function isMember({ spec }: Service, pod: Pod): boolean {
  const hasAddress = (pod.status?.podIP ?? '') !== '';
  return hasAddress && !isOver(pod) && matchesSelector({ matchLabels: spec.selector ?? {} }, pod.metadata.labels);
}

const portsOf = ({ spec }: Service, pod: Pod): SlicePort[] =>
  (spec.ports ?? []).flatMap((port) => resolvePort(port, pod));

/** A named target port is looked up in the pod; a pod without a port of that name does not serve it. */
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

function buildEndpoint(service: Service, pod: Pod): Endpoint {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const { nodeName } = pod.spec;
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready, serving, terminating },
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

function buildSlice(
  service: Service,
  { ports, endpoints }: { ports: SlicePort[]; endpoints: Endpoint[] },
): EndpointSlice {
  const { name, namespace, labels } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: '',
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        ...labels,
        ...(service.spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
        'endpointslice.kubernetes.io/managed-by': managedBy,
        [serviceLabel]: name,
      },
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    ports,
    endpoints,
  };
}
