/** Which numbers the ports have that a spec names. A pod's template decides that, so it is known only when a pod is created. */
import type { InjectParams } from './params.ts';
import type { ContainerJson, PodJson } from './pod.ts';

/** By number, or by the name that a container gives it; undefined where none does. */
export function resolvePort(
  port: number | string | undefined,
  containers: readonly ContainerJson[],
): number | undefined {
  if (typeof port !== 'string') return port;
  // IntOrString: a number may come as a text.
  if (/^[0-9]+$/.test(port)) return Number(port);
  return containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === port)?.containerPort;
}

/**
 * The ports whose connections are sessions: those of the spec, or the one that the Service leads to. Where the spec leaves that open too,
 * every declared TCP port: another webhook may have added a container, and a connection too many only makes a drain longer.
 */
export function connectionPorts({ spec }: PodJson, { connections, servicePort }: InjectParams): number[] {
  if (connections.ports) return connections.ports;
  if (servicePort !== undefined) {
    return [resolvePort(servicePort, spec.containers)].filter((port) => port !== undefined);
  }
  const declared = spec.containers
    .flatMap(({ ports }) => ports ?? [])
    .filter(({ protocol }) => protocol === undefined || protocol === 'TCP');
  return [...new Set(declared.map(({ containerPort }) => containerPort))];
}

export const applicationPort = ({ spec }: PodJson, { application }: InjectParams): number | undefined =>
  resolvePort(application?.port, [...spec.containers, ...(spec.initContainers ?? [])]);
