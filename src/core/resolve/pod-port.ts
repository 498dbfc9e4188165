/**
 * The port of each pod. During a rollout pods of two templates serve the same workload, and the newest template says nothing about the
 * ports of the older pods: each pod is reached at a port that it declares itself.
 */
import type { Pod, PodPort, Target } from '../snapshot/snapshot.ts';

type TargetPort = number | string | undefined;
type Template = Target['containerPorts'];

/**
 * Returns the port of a pod that corresponds to the target port; if that is not set, to the only port of the template. `template`: the ports
 * that the newest template declares.
 *
 * 1. The port of the same name: a name says what a port is for, and stays when its number changes.
 * 2. The port of the same number.
 * 3. The one that is no other port of the newest template, such as that of the metrics, if name and number are those of another template.
 * 4. The number itself: containers need not declare the ports that they listen on. Rule 3 does not apply if no template declares it.
 */
export function choosePodPort(asked: TargetPort, template: Template, pod: Pick<Pod, 'ports'>): PodPort | undefined {
  const declared =
    asked === undefined ? only(template) : template.find(({ name, port }) => name === asked || port === asked);
  const name = typeof asked === 'string' ? asked : declared?.name;
  const number = typeof asked === 'number' ? asked : declared?.port;
  return (
    pod.ports.find((port) => name !== undefined && port.name === name) ??
    pod.ports.find(({ port }) => port === number) ??
    (declared !== undefined || typeof asked !== 'number' ? remainingPort(pod, template, declared) : undefined) ??
    (number === undefined ? undefined : { port: number })
  );
}

/** Returns the one port of the pod that is not another port of the template than `declared`. */
function remainingPort(
  { ports }: Pick<Pod, 'ports'>,
  template: Template,
  declared: Template[number] | undefined,
): PodPort | undefined {
  const others = declared === undefined ? [] : template.filter((port) => port !== declared);
  return only(
    ports.filter(
      ({ name, port }) => !others.some((other) => other.port === port || (name !== undefined && other.name === name)),
    ),
  );
}

const only = <T>([first, second]: readonly T[]): T | undefined => (second === undefined ? first : undefined);

/**
 * Returns when the container that serves the port of a terminating pod exited, or undefined while it runs. The kubelet does not restart it: the
 * sessions in its memory are lost, although the sidecar or another container may keep the pod for longer.
 */
export function findExitMs(
  { exits, sidecar }: Pick<Pod, 'exits' | 'sidecar'>,
  port: PodPort | undefined,
): number | undefined {
  if (exits === undefined) return undefined;
  if (port?.container !== undefined) return exits[port.container];
  return sidecar?.appRuns === false ? Math.max(...Object.values(exits)) : undefined;
}

/**
 * Returns the target port of the Service, which clients that bypass the proxy use: EndpointSlices have one number for all pods, or look up
 * a name in each. While pods have different ports that is the name, if they all have it, or else the number of most ready pods.
 */
export function chooseServicePort(
  asked: number | string,
  template: Template,
  pods: readonly Pick<Pod, 'ports' | 'ready'>[],
): number | string {
  if (typeof asked === 'string') return asked;
  const ports = pods.map((pod) => choosePodPort(asked, template, pod)?.port ?? asked);
  if (ports.every((port) => port === asked)) return asked;
  const name = template.find(({ port }) => port === asked)?.name;
  if (name !== undefined && pods.every((pod) => pod.ports.some((port) => port.name === name))) return name;
  const ready = ports.filter((_, at) => pods[at]?.ready);
  const counts = [...Map.groupBy(ready, (port) => port)].map(([port, { length }]) => ({ port, length }));
  return counts.toSorted((one, other) => other.length - one.length || one.port - other.port)[0]?.port ?? asked;
}
