/** The EndpointSlices that Kubernetes would make for the Services with a selector, from the pods among the objects. */
import type { KubeObject } from '../../kube/ports.ts';

type ServicePort = { name?: string; port: number; targetPort?: number | string; protocol?: string };
type Service = KubeObject & {
  spec?: { selector?: Record<string, string>; ports?: ServicePort[]; publishNotReadyAddresses?: boolean };
};
type Pod = KubeObject & {
  spec?: { containers?: { ports?: { name?: string; containerPort: number }[] }[] };
  status?: { podIP?: string; phase?: string; conditions?: { type: string; status: string }[] };
};

const serviceLabel = 'kubernetes.io/service-name';

/** A Service that has slices keeps them: their owner wrote them. */
export function makeSlices(objects: readonly KubeObject[]): KubeObject[] {
  const pods = objects.filter(({ kind }) => kind === 'Pod') as Pod[];
  const served = new Set(
    objects
      .filter(({ kind }) => kind === 'EndpointSlice')
      .map(({ metadata }) => `${metadata.namespace}/${metadata.labels?.[serviceLabel]}`),
  );
  const services = objects.filter(
    ({ kind, metadata }) => kind === 'Service' && !served.has(`${metadata.namespace}/${metadata.name}`),
  ) as Service[];
  return services.flatMap((service) => makeSlicesOf(service, pods));
}

/** Pods with different port numbers under one name are in different slices. */
function makeSlicesOf(service: Service, pods: readonly Pod[]): KubeObject[] {
  const { selector } = service.spec ?? {};
  if (selector === undefined) return [];
  const selected = pods.filter((pod) => isSelected(pod, service.metadata.namespace, selector));
  const groups = Map.groupBy(selected, (pod) => JSON.stringify(portsOf(service, pod)));
  return [...groups.values()].map((group, at) => makeSlice(service, group, at));
}

function isSelected(
  { metadata, status }: Pod,
  namespace: string | undefined,
  selector: Record<string, string>,
): boolean {
  const hasLabels = Object.entries(selector).every(([name, value]) => metadata.labels?.[name] === value);
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return hasLabels && metadata.namespace === namespace && status?.podIP !== undefined && !isOver;
}

function portsOf({ spec }: Service, pod: Pod): object[] {
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports }) => ports ?? []);
  return (spec?.ports ?? []).flatMap(({ name = '', port, targetPort = port, protocol = 'TCP' }) => {
    const number =
      typeof targetPort === 'number' ? targetPort : declared.find((one) => one.name === targetPort)?.containerPort;
    return number === undefined ? [] : [{ name, port: number, protocol }];
  });
}

function makeSlice(service: Service, pods: readonly Pod[], at: number): KubeObject {
  const { namespace = '', name } = service.metadata;
  const [first] = pods;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${name}-${at}`, labels: { [serviceLabel]: name } },
    addressType: first?.status?.podIP?.includes(':') ? 'IPv6' : 'IPv4',
    ports: first ? portsOf(service, first) : [],
    endpoints: pods.map((pod) => makeEndpoint(pod, service.spec?.publishNotReadyAddresses ?? false)),
  };
}

function makeEndpoint({ metadata, status }: Pod, ignoresReadiness: boolean): object {
  const { namespace, name, uid, deletionTimestamp } = metadata;
  const serving = (status?.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');
  const terminating = deletionTimestamp !== undefined;
  return {
    addresses: [status?.podIP],
    conditions: { ready: ignoresReadiness || (serving && !terminating), serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}
