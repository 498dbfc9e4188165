/** Pods as the core sees them: reduced on the way into the cache, so that ten thousand of them stay small. */
import type { HandlerJson, ProbeJson } from '../../core/inject/pod.ts';
import { portOfSidecar } from '../../core/inject/port.ts';
import { callsSidecar } from '../../core/inject/pre-stop.ts';
import type { Pod, PodInjection, PodPort, PodSidecar } from '../../core/snapshot/snapshot.ts';
import {
  annotations,
  labels as knownLabels,
  managedByValue,
  proxyVariables,
  sidecarContainer,
  sidecarVariables,
} from '../../core/names/names.ts';
import type { KubeObject, ObjectMeta } from '../../kube/ports.ts';

type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

type Container = {
  name: string;
  image: string;
  imagePullPolicy?: PullPolicy;
  /** Go may write an empty list as null; an exception here would end the watch of all pods. */
  ports?: { name?: string; containerPort: number; protocol?: string }[] | null;
  restartPolicy?: string;
  lifecycle?: { preStop?: HandlerJson };
  startupProbe?: ProbeJson;
  env?: { name: string; value?: string }[] | null;
};

type LivePod = KubeObject & {
  spec?: {
    nodeName?: string;
    terminationGracePeriodSeconds?: number;
    containers?: Container[] | null;
    initContainers?: Container[] | null;
  };
  status?: {
    phase?: Pod['phase'];
    podIP?: string;
    conditions?: Condition[] | null;
    initContainerStatuses?: ContainerStatus[] | null;
    containerStatuses?: ContainerStatus[] | null;
  };
};

type ContainerState = {
  running?: object;
  waiting?: { reason?: string };
  terminated?: { reason?: string; finishedAt?: string };
};
type ContainerStatus = { name: string; restartCount?: number; state?: ContainerState; lastState?: ContainerState };
type Condition = { type: string; status: string; reason?: string };

/**
 * The cached part of a pod: a Pod without the end of its controller chain, and the first link of that chain.
 * `workload`: the StickyWorkload it was injected for, which ties it to its proxies even when target and StickyWorkload are deleted.
 * `deletionCost`: the annotation pod-deletion-cost of any writer; absent if it is missing or not a number. Not a part of `pod`: no table
 * depends on it, and Holdfast itself writes it.
 */
export type CachedPod = KubeObject & {
  pod: Omit<Pod, 'controller'>;
  owner?: { kind: string; name: string };
  workload?: string;
  deletionCost?: number;
};

/** Reduces a pod to what the core uses. */
export function projectPod(object: KubeObject): CachedPod {
  const { metadata } = object;
  const owner = controllerOf(metadata);
  const workload = metadata.annotations?.[annotations.workload];
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(metadata),
    ...(owner && { owner }),
    ...(workload !== undefined && { workload }),
    ...readCost(metadata),
    pod: readPod(object),
  };
}

function readPod(object: LivePod): CachedPod['pod'] {
  const { metadata, spec, status } = object;
  const { namespace = '', name, uid = '', labels = {}, creationTimestamp = '' } = metadata;
  return {
    namespace,
    name,
    uid,
    labels,
    createdAtMs: Date.parse(creationTimestamp) || 0,
    ports: portsOf(spec?.containers ?? []),
    injection: injectionOf(metadata, spec),
    ...readGateway(object),
    ...readStatus(status),
    ...endOf(object),
    ...readExits(object),
    ...readStay(object),
  };
}

/** The label of a proxy has a hash in place of a long name, from which no deleted Gateway can be found. */
function readGateway({ metadata: { labels = {} }, spec }: LivePod): Pick<Pod, 'gateway'> {
  if (labels[knownLabels.managedBy] !== managedByValue || labels[knownLabels.component] !== 'proxy') return {};
  const variables = (spec?.containers ?? []).flatMap(({ env }) => env ?? []);
  const gateway = variables.find(({ name }) => name === proxyVariables.gatewayName)?.value;
  return gateway === undefined ? {} : { gateway };
}

/** The ReplicaSet controller ignores a value that it cannot parse. */
function readCost({ annotations: own = {} }: ObjectMeta): Pick<CachedPod, 'deletionCost'> {
  const text = own[annotations.deletionCost] ?? '';
  return /^-?[0-9]{1,10}$/.test(text) ? { deletionCost: Number(text) } : {};
}

/** Where the pod runs, and what limits how long it can stay. */
function readStay(object: LivePod): Pick<Pod, 'node' | 'graceSeconds' | 'sidecar'> {
  const { nodeName: node, terminationGracePeriodSeconds: graceSeconds } = object.spec ?? {};
  const sidecar = sidecarOf(object);
  return {
    ...(node !== undefined && { node }),
    ...(graceSeconds !== undefined && { graceSeconds }),
    ...(sidecar && { sidecar }),
  };
}

function readStatus({ phase = 'Unknown', podIP, conditions }: LivePod['status'] = {}): Pick<
  Pod,
  'ip' | 'phase' | 'ready'
> {
  const ready = (conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
  return { phase, ready, ...(podIP && { ip: podIP }) };
}

/** Kubernetes sets the condition before it deletes the pod; without a reason there is nothing to report. */
function readDisruption({ conditions }: LivePod['status'] = {}): Pick<Pod, 'disruption'> {
  const disruption = (conditions ?? []).find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  )?.reason;
  return disruption ? { disruption } : {};
}

/** How a pod is being terminated. */
export function endOf({ metadata, status }: LivePod): Pick<Pod, 'deletion' | 'disruption'> {
  const deletion = deletionOf(metadata);
  return { ...(deletion && { deletion }), ...readDisruption(status) };
}

/** The kubelet does not restart the containers of a pod that is being deleted. */
function readExits({ metadata, status }: LivePod): Pick<Pod, 'exits'> {
  if (metadata.deletionTimestamp === undefined) return {};
  const exits = (status?.containerStatuses ?? []).flatMap(({ name, state }) =>
    state?.terminated ? [[name, Date.parse(state.terminated.finishedAt ?? '') || 0] as const] : [],
  );
  return exits.length === 0 ? {} : { exits: Object.fromEntries(exits) };
}

/** Returns the image of a container of a pod, or undefined if the pod has no such container. */
export function imageOf(
  pod: KubeObject,
  container: string,
): { image: string; imagePullPolicy: PullPolicy } | undefined {
  const found = (pod as LivePod).spec?.containers?.find(({ name }) => name === container);
  return found && { image: found.image, imagePullPolicy: found.imagePullPolicy ?? 'IfNotPresent' };
}

/** Returns when the pod's grace period ends, or undefined while it is not being deleted. */
export function deletionOf(metadata: ObjectMeta): Pod['deletion'] {
  if (metadata.deletionTimestamp === undefined) return undefined;
  return { killAtMs: Date.parse(metadata.deletionTimestamp), graceSeconds: metadata.deletionGracePeriodSeconds ?? 0 };
}

/** Returns the object's controller, by its ownerReference. */
export function controllerOf(metadata: ObjectMeta): { kind: string; name: string } | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return owner && { kind: owner.kind, name: owner.name };
}

/** Returns the metadata by which a cache distinguishes objects and their versions. */
export function identityOf(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

const portsOf = (containers: Container[]): PodPort[] =>
  containers.flatMap(({ name: container, ports }) =>
    (ports ?? [])
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ name, containerPort: port }) => ({ port, ...(name !== undefined && { name }), container })),
  );

function injectionOf(
  metadata: ObjectMeta,
  { containers, initContainers }: NonNullable<LivePod['spec']> = {},
): PodInjection {
  const sidecar = initContainers?.find(({ name }) => name === sidecarContainer);
  const port = portOfSidecar(sidecar ?? {});
  const native = (initContainers ?? []).filter((one) => one.restartPolicy === 'Always' && one !== sidecar);
  const kept = [...(containers ?? []), ...native].filter(
    ({ lifecycle }) => lifecycle?.preStop !== undefined && !callsSidecar(lifecycle.preStop, port),
  );
  return {
    injected: sidecar !== undefined && metadata.annotations?.[annotations.workload] !== undefined,
    keptPreStop: kept.map(({ name }) => name),
  };
}

/** The sidecar of a pod: the drain timeout it was injected with, and what the kubelet reports about its process. */
export function sidecarOf(object: KubeObject): PodSidecar | undefined {
  const { spec, status = {} } = object as LivePod;
  const container = spec?.initContainers?.find(({ name }) => name === sidecarContainer);
  if (!container) return undefined;
  const crashing = status.containerStatuses?.find(({ state }) => state?.waiting?.reason === 'CrashLoopBackOff');
  return {
    ...limitsIn(container.env ?? []),
    ...endingsOf(status.initContainerStatuses?.find(({ name }) => name === sidecarContainer)),
    appRuns: status.containerStatuses?.some(({ state }) => state?.running !== undefined) ?? false,
    ...(crashing && { crashing: { container: crashing.name, sidecarPort: portOfSidecar(container) } }),
  };
}

/** What injection has written into the sidecar's environment. */
function limitsIn(
  env: NonNullable<Container['env']>,
): Pick<PodSidecar, 'drainTimeoutMs' | 'shutdownMarginMs' | 'sessionThreshold' | 'sessionSources'> {
  const values = new Map(env.map(({ name, value }) => [name, value]));
  const numbers = (['drainTimeout', 'shutdownMargin', 'sessionThreshold'] as const).map((name) => {
    const value = values.get(sidecarVariables[name]);
    return value === undefined ? undefined : Number(value);
  });
  const [drainTimeoutMs, shutdownMarginMs, sessionThreshold] = numbers;
  const sources = values.get(sidecarVariables.sessionSources);
  return {
    ...(drainTimeoutMs !== undefined && { drainTimeoutMs }),
    ...(shutdownMarginMs !== undefined && { shutdownMarginMs }),
    ...(sessionThreshold !== undefined && { sessionThreshold }),
    ...(sources !== undefined && { sessionSources: sources.split(',') }),
  };
}

/** The kubelet counts a restart only when the new process runs, which may be a back-off after the previous one terminated. */
function endingsOf({ restartCount = 0, state, lastState }: Omit<ContainerStatus, 'name'> = {}): Pick<
  PodSidecar,
  'endings' | 'lastEnd'
> {
  const last = state?.terminated ?? lastState?.terminated;
  const isDown = last !== undefined && state?.running === undefined;
  return { endings: restartCount + Number(isDown), ...(last?.reason !== undefined && { lastEnd: last.reason }) };
}
