/** The port of the sidecar, which no other container of the pod may use. It is fixed at admission: the preStop hooks name it. */
import { ports } from '../names/names.ts';
import type { ContainerJson, InjectParams, PodJson } from './pod.ts';
import { isSidecar } from './sidecar.ts';

/** On the network of the node there are the ports of other pods. Below 32768, where the kernel takes ports for outgoing connections. */
const onNode = { first: 15_000, count: 1000 };

export type PortChoice = { kind: 'port'; port: number } | { kind: 'conflict'; port: number };

/**
 * Returns the port of the sidecar that the pod has; or the one that is set, and a conflict if another container declares it; or a free one.
 * On the network of the node it is random, and the scheduler places no two pods with the same port on a node, because it is declared.
 */
export function choosePort(
  pod: PodJson,
  params: Pick<InjectParams, 'port' | 'preferredPort' | 'probeKey'>,
): PortChoice {
  const existing = pod.spec.initContainers?.find(isSidecar);
  // Whatever was added after injection: the hooks and the annotation name this port.
  if (existing) return { kind: 'port', port: portOfSidecar(existing) };
  const isDeclared = (port: number) => containersWithPort(pod, port).length > 0;
  if (params.port !== undefined) return { kind: isDeclared(params.port) ? 'conflict' : 'port', port: params.port };
  const start =
    pod.spec.hostNetwork === true ? onNode.first + (hashOf(params.probeKey) % onNode.count) : params.preferredPort;
  let port = start;
  while (isDeclared(port)) port -= 1;
  return { kind: 'port', port };
}

/** Returns the containers that declare the port, and cannot bind it if it is that of the sidecar. UDP has ports of its own. */
export const containersWithPort = (pod: PodJson, port: number): ContainerJson[] =>
  otherContainers(pod).filter(({ ports: own = [] }) =>
    own.some(({ containerPort, protocol = 'TCP' }) => containerPort === port && protocol === 'TCP'),
  );

/** Returns the port of the sidecar in a pod, by its startup probe. */
export function portOfSidecar({ startupProbe }: Pick<ContainerJson, 'startupProbe'>): number {
  const port = startupProbe?.httpGet?.port;
  return typeof port === 'number' ? port : ports.sidecar;
}

export const otherContainers = ({ spec }: PodJson): ContainerJson[] =>
  [...spec.containers, ...(spec.initContainers ?? [])].filter((container) => !isSidecar(container));

const hashOf = (text: string): number => Buffer.from(text).reduce((hash, byte) => (hash * 31 + byte) >>> 0, 7);
