/** Selects the target port of the Service. */
import type { Target } from '../snapshot/snapshot.ts';

export type TargetPort = { kind: 'chosen'; port: number | string } | { kind: 'ambiguous'; message: string };

/** A number is used as it is, because a container need not declare the ports that it listens on. A name must be declared. */
export function chooseTargetPort(
  asked: number | string | undefined,
  { kind, name, containerPorts }: Target,
): TargetPort {
  if (typeof asked === 'number') return { kind: 'chosen', port: asked };
  const declared =
    containerPorts.length === 0
      ? 'no container port'
      : `the container ports ${containerPorts.map(describePort).join(', ')}`;
  if (asked !== undefined) {
    if (containerPorts.some((port) => port.name === asked)) return { kind: 'chosen', port: asked };
    return {
      kind: 'ambiguous',
      message: `spec.service.targetPort is "${asked}", but ${kind} ${name} declares ${declared}: use the name or number of an existing port.`,
    };
  }
  const [only, second] = containerPorts;
  if (only !== undefined && second === undefined) return { kind: 'chosen', port: only.port };
  return {
    kind: 'ambiguous',
    message: `${kind} ${name} declares ${declared}: set spec.service.targetPort to the one that serves the sessions.`,
  };
}

const describePort = ({ name, port }: { name?: string; port: number }): string =>
  name === undefined ? `${port}` : `${name} (${port})`;
