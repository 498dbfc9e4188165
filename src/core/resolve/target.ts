/** Resolves `spec.targetRef`: the selector and the target port of the Service, and warnings about the target. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { Target } from '../snapshot/snapshot.ts';
import type { WorkloadPlan } from './workload-plan.ts';
import { refuse, type Refusal } from './spec-checks.ts';

export type ResolvedTarget = Pick<WorkloadPlan, 'selector' | 'targetPort' | 'containerPorts' | 'notes'>;

/** `target`: the Deployment or StatefulSet, if it exists. */
export function resolveTarget(
  workload: StickyWorkload,
  target: Target | undefined,
): { kind: 'resolved'; target: ResolvedTarget } | Refusal {
  if (target === undefined) return targetNotFound(workload);
  if (target.matchLabels === undefined) return unsupportedSelector(target);
  const port = chooseTargetPort(workload.spec.service.targetPort, target);
  if (port.kind === 'ambiguous') return refuse('TargetPortAmbiguous', port.message);
  return {
    kind: 'resolved',
    target: {
      selector: target.matchLabels,
      targetPort: port.port,
      containerPorts: target.containerPorts,
      notes: noteTarget(target),
    },
  };
}

const targetNotFound = ({ metadata, spec }: StickyWorkload): Refusal =>
  refuse(
    'TargetNotFound',
    `spec.targetRef: ${spec.targetRef.kind} ${spec.targetRef.name} does not exist in namespace ${metadata.namespace}: ` +
      'create it, or delete this StickyWorkload and create one for another target.',
  );

const unsupportedSelector = ({ kind, name }: Target): Refusal =>
  refuse(
    'UnsupportedSelector',
    `spec.targetRef: the selector of ${kind} ${name} has matchExpressions, which a Service cannot express: ` +
      `recreate the ${kind} with matchLabels only, because a selector is immutable.`,
  );

type TargetPort = { kind: 'chosen'; port: number | string } | { kind: 'ambiguous'; message: string };

/** A number is used as it is, because a container need not declare the ports that it listens on. A name must be declared. */
function chooseTargetPort(asked: number | string | undefined, { kind, name, containerPorts }: Target): TargetPort {
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

/** Returns sentences for condition Accepted, each with what to do; empty if there is nothing to warn about. */
function noteTarget({ kind, name, hasReadinessProbe }: Target): string[] {
  const notes: string[] = [];
  if (!hasReadinessProbe) {
    notes.push(
      `No container of ${kind} ${name} has a readiness probe: a pod gets new sessions as soon as its containers run. Add a probe that succeeds when the app can accept sessions.`,
    );
  }
  return notes;
}
