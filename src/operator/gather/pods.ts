/** Pods as the core sees them: pruned on the way into the cache, so that ten thousand of them stay small. */
import type { HandlerJson } from '../../core/inject/pod.ts';
import { callsSidecar } from '../../core/inject/pre-stop.ts';
import type { Pod, PodInjection, PodSidecar } from '../../core/snapshot/snapshot.ts';
import { annotations, drainTimeoutVariable, sidecarContainer } from '../../core/names/names.ts';
import type { KubeObject, ObjectMeta } from '../../kube/ports.ts';

type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

type Container = {
  name: string;
  image: string;
  imagePullPolicy?: PullPolicy;
  /** Go may write an empty list as null; one that broke us would end the watch of all pods. */
  ports?: { name?: string; containerPort: number }[] | null;
  lifecycle?: { preStop?: HandlerJson };
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

type ContainerState = { running?: object; terminated?: { reason?: string } };
type ContainerStatus = { name: string; restartCount?: number; state?: ContainerState; lastState?: ContainerState };
type Condition = { type: string; status: string; reason?: string };

/**
 * What is kept of a pod: a Pod without the end of its controller chain, and the first link of that chain.
 * `workload`: the StickyWorkload it was injected for, which ties it to its proxies even when target and StickyWorkload are gone.
 */
export type CachedPod = KubeObject & {
  pod: Omit<Pod, 'controller'>;
  owner?: { kind: string; name: string };
  workload?: string;
};

/** For the reflector: a pod pruned to what the core judges. */
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
    namedPorts: namedPortsOf(spec?.containers ?? []),
    injection: injectionOf(metadata, spec),
    ...readStatus(status),
    ...endOf(object),
    ...readStay(object),
    ...readCost(metadata),
  };
}

/** What the ReplicaSet controller cannot read it takes for none. */
function readCost({ annotations: own = {} }: ObjectMeta): Pick<Pod, 'deletionCost'> {
  const text = own[annotations.deletionCost] ?? '';
  return /^-?[0-9]{1,10}$/.test(text) ? { deletionCost: Number(text) } : {};
}

/** Where it is, and what may end its stay. */
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

/** Kubernetes names it before it deletes the pod; without a reason there is nothing to tell. */
function readDisruption({ conditions }: LivePod['status'] = {}): Pick<Pod, 'disruption'> {
  const disruption = (conditions ?? []).find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  )?.reason;
  return disruption ? { disruption } : {};
}

/** How the API server has a pod end. */
export function endOf({ metadata, status }: LivePod): Pick<Pod, 'deletion' | 'disruption'> {
  const deletion = deletionOf(metadata);
  return { ...(deletion && { deletion }), ...readDisruption(status) };
}

/** The image of a container of a pod, or undefined where the pod has no container of this name. */
export function imageOf(
  pod: KubeObject,
  container: string,
): { image: string; imagePullPolicy: PullPolicy } | undefined {
  const found = (pod as LivePod).spec?.containers?.find(({ name }) => name === container);
  return found && { image: found.image, imagePullPolicy: found.imagePullPolicy ?? 'IfNotPresent' };
}

/** When the pod's grace is over, or undefined while nobody has deleted it. */
export function deletionOf(metadata: ObjectMeta): Pod['deletion'] {
  if (metadata.deletionTimestamp === undefined) return undefined;
  return { killAtMs: Date.parse(metadata.deletionTimestamp), graceSeconds: metadata.deletionGracePeriodSeconds ?? 0 };
}

/** The object that controls this one, by its ownerReference. */
export function controllerOf(metadata: ObjectMeta): { kind: string; name: string } | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return owner && { kind: owner.kind, name: owner.name };
}

/** Metadata that a cache needs to tell one object, and one version of it, from another. */
export function identityOf(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

function namedPortsOf(containers: Container[]): Record<string, number> {
  const named: Record<string, number> = {};
  for (const { name, containerPort } of containers.flatMap(({ ports }) => ports ?? [])) {
    if (name !== undefined) named[name] = containerPort;
  }
  return named;
}

function injectionOf(metadata: ObjectMeta, spec: LivePod['spec']): PodInjection {
  const injected = spec?.initContainers?.some(({ name }) => name === sidecarContainer) ?? false;
  const kept = (spec?.containers ?? []).filter(
    ({ lifecycle }) => lifecycle?.preStop !== undefined && !callsSidecar(lifecycle.preStop),
  );
  return {
    injected: injected && metadata.annotations?.[annotations.workload] !== undefined,
    keptPreStop: kept.map(({ name }) => name),
  };
}

/** The sidecar of a pod: the drain timeout it was injected with, and what the kubelet reports about its process. */
export function sidecarOf(object: KubeObject): PodSidecar | undefined {
  const { spec, status = {} } = object as LivePod;
  const container = spec?.initContainers?.find(({ name }) => name === sidecarContainer);
  if (!container) return undefined;
  const timeout = container.env?.find(({ name }) => name === drainTimeoutVariable)?.value;
  return {
    ...(timeout !== undefined && { drainTimeoutMs: Number(timeout) }),
    ...endingsOf(status.initContainerStatuses?.find(({ name }) => name === sidecarContainer)),
    appRuns: status.containerStatuses?.some(({ state }) => state?.running !== undefined) ?? false,
  };
}

/** A restart counts only when the new process is there, which may be a back-off after the end of the one before it. */
function endingsOf({ restartCount = 0, state, lastState }: Omit<ContainerStatus, 'name'> = {}): Pick<
  PodSidecar,
  'endings' | 'lastEnd'
> {
  const last = state?.terminated ?? lastState?.terminated;
  const isDown = last !== undefined && state?.running === undefined;
  return { endings: restartCount + Number(isDown), ...(last?.reason !== undefined && { lastEnd: last.reason }) };
}
