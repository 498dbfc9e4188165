/** Reads the shop in the cluster: its pods, and the events about them. */
import { ports as holdfastPorts } from '../../src/core/names/names.ts';
import { deployments, endpointSlices, events, pods, stickyWorkloads } from '../../src/kube/resources.ts';
import type { DemoCluster } from './demo-cluster.ts';
import {
  isDeployment,
  isEvent,
  isPod,
  isSlice,
  isWorkload,
  type Deployment,
  type Pod,
  type Workload,
  type WorkloadEndpoint,
} from './objects.ts';
import { shopName } from './shop.ts';
import type { DemoEvent, DemoPod } from './state.ts';

export function readWorkload(cluster: DemoCluster, namespace: string): Workload | undefined {
  const found = cluster.get(stickyWorkloads, { namespace, name: shopName });
  return found && isWorkload(found) ? found : undefined;
}

export function readDeployment(cluster: DemoCluster, namespace: string, name = shopName): Deployment | undefined {
  const found = cluster.get(deployments, { namespace, name });
  return found && isDeployment(found) ? found : undefined;
}

export function readPods(cluster: DemoCluster, namespace: string, nowMs: number): DemoPod[] {
  const endpoints = new Map(
    readWorkload(cluster, namespace)?.status?.endpoints?.map((endpoint) => [endpoint.pod, endpoint]),
  );
  return cluster
    .list(pods, namespace)
    .filter(isPod)
    .filter(({ metadata }) => metadata.labels?.['app'] === shopName)
    .map((pod) => describePod(pod, endpoints.get(pod.metadata.name), nowMs))
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

function describePod(
  pod: Pod,
  { sessions, unconfirmedSessions: unconfirmed = 0, state, deadline }: Partial<WorkloadEndpoint> = {},
  nowMs: number,
): DemoPod {
  const counts = { sessions, ...(unconfirmed > 0 && { unconfirmed }) };
  const { name, deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (deletionTimestamp === undefined) return { name, state: isReady(pod) ? 'Accepting' : 'Starting', ...counts };
  // The timestamp is the end of the grace period.
  const heldMs = Math.max(0, nowMs - (Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000));
  return {
    name,
    // A status from before the deletion of the pod does not show that it has drained.
    state: sessions === 0 && unconfirmed === 0 && state !== 'Accepting' ? 'Ending' : 'Draining',
    ...counts,
    heldMs,
    ...(deadline !== undefined && { deadlineMs: Date.parse(deadline) }),
  };
}

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;

export type Endpoint = { namespace: string; pod: string; port: number };

/** The ready endpoints of a Service with one port. */
export const readEndpoints = (
  cluster: Pick<DemoCluster, 'list'>,
  { namespace, name }: { namespace: string; name: string },
): Endpoint[] =>
  cluster
    .list(endpointSlices, namespace)
    .filter(isSlice)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap(({ endpoints = [], ports = [] }) => {
      const ready = endpoints
        .filter(({ conditions }) => conditions?.ready === true)
        .flatMap(({ targetRef }) => targetRef?.name ?? []);
      return ready.flatMap((pod) =>
        ports.flatMap(({ port }) => (port === undefined ? [] : [{ namespace, pod, port }])),
      );
    });

/** Images of a namespace's pods that the cluster cannot pull. */
export const readMissingImages = (cluster: DemoCluster, namespace: string): string[] => [
  ...new Set(
    cluster
      .list(pods, namespace)
      .filter(isPod)
      .flatMap(({ status: { initContainerStatuses = [], containerStatuses = [] } = {} }) => [
        ...initContainerStatuses,
        ...containerStatuses,
      ])
      .filter(({ state }) =>
        ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull'].includes(state?.waiting?.reason ?? ''),
      )
      .map(({ image }) => image),
  ),
];

/** Where the operator or the proxies of a namespace expose metrics. */
export const readAdminAddresses = (
  cluster: DemoCluster,
  namespace: string,
  component: 'operator' | 'proxy',
): string[] =>
  cluster
    .list(pods, namespace)
    .filter(isPod)
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === component)
    .flatMap(({ status }) => status?.podIP ?? [])
    .map((address) => `http://${address}:${holdfastPorts.admin}/metrics`);

/** Reasons of events that are not about sessions. */
const ignored = new Set(
  `Scheduled Pulled Created Started Killing Unhealthy SuccessfulCreate SuccessfulDelete ScalingReplicaSet
  GatewayAPIMissing ProxyNotReady NoPodsAccepting`.split(/\s+/),
);

/** Events about the shop, the newest last. */
export function readEvents(cluster: DemoCluster, namespace: string): DemoEvent[] {
  return (
    cluster
      .list(events, namespace)
      .filter(isEvent)
      .filter(({ reason = '', regarding }) => !ignored.has(reason) && regarding?.name?.startsWith(shopName) === true)
      // Such an event is also emitted for the pod, and shown once.
      .filter(({ note = '', regarding }) => regarding?.kind !== 'StickyWorkload' || !note.startsWith('Pod '))
      .map(({ reason = '', note = '', eventTime, metadata, regarding }) => ({
        atMs: Date.parse(eventTime ?? metadata.creationTimestamp ?? ''),
        // The names of a ReplicaSet's pods differ only in their last part.
        source: regarding?.kind === 'Pod' ? `pod ${regarding.name?.split('-').at(-1) ?? ''}` : (regarding?.kind ?? ''),
        reason,
        text: note,
      }))
      .toSorted((one, other) => one.atMs - other.atMs)
  );
}
