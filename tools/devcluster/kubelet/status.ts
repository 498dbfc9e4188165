/** Builds the `status` of a pod. Pure. */
import { buildConditions } from './conditions.ts';
import { containersOf } from './pod.ts';
import type { Condition, PodContainer, PodPhase } from './pod.ts';
import { containerOf, isLive, isReady } from './state.ts';
import type { ContainerState, PodState, Terminated } from './state.ts';

export type PodStatus = {
  phase: PodPhase;
  conditions: Condition[];
  hostIP: string;
  hostIPs: { ip: string }[];
  podIP: string;
  podIPs: { ip: string }[];
  startTime: string;
  initContainerStatuses: ContainerStatus[];
  containerStatuses: ContainerStatus[];
};

export type ContainerStatus = {
  name: string;
  image: string;
  imageID: string;
  containerID: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: StateJson;
  lastState: StateJson;
};

type StateJson = { waiting: object } | { running: object } | { terminated: object } | Record<string, never>;

export const hostIp = '127.0.0.1';

export function podStatus(state: PodState, nowMs: number): PodStatus {
  const phase = phaseOf(state);
  const all = containersOf(state.pod);
  const statuses = (members: PodContainer[]) => members.map((member) => containerStatus(state, member));
  return {
    phase,
    conditions: buildConditions(state, phase, formatTime(nowMs)),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: state.podIp,
    podIPs: [{ ip: state.podIp }],
    startTime: formatTime(state.startTimeMs),
    initContainerStatuses: statuses(all.filter(({ role }) => role !== 'app')),
    containerStatuses: statuses(all.filter(({ role }) => role === 'app')),
  };
}

/** A pod has completed when all its containers have terminated and it is ending, whatever its restart policy is. */
function phaseOf(state: PodState): PodPhase {
  const members = containersOf(state.pod);
  const isEnded = state.ending !== undefined && !Object.values(state.containers).some(isLive);
  if (isEnded) {
    return members.every((member) => member.role === 'sidecar' || endedWell(containerOf(state, member.container.name)))
      ? 'Succeeded'
      : 'Failed';
  }
  if (!state.initialized) return 'Pending';
  const hasStarted = (member: PodContainer) =>
    member.role !== 'app' || hasRun(containerOf(state, member.container.name));
  return members.every(hasStarted) ? 'Running' : 'Pending';
}

const endOf = ({ phase, last }: ContainerState): Terminated | undefined => (phase.kind === 'terminated' ? phase : last);
const endedWell = (container: ContainerState): boolean => endOf(container)?.exitCode === 0;
const hasRun = ({ phase, last }: ContainerState): boolean =>
  phase.kind === 'running' || phase.kind === 'terminated' || last !== undefined;

function containerStatus(state: PodState, { role, container: spec }: PodContainer): ContainerStatus {
  const container = containerOf(state, spec.name);
  const { phase, last, run } = container;
  return {
    name: spec.name,
    image: spec.image,
    imageID: spec.image,
    containerID: hasRun(container) ? `process://${state.pod.metadata.uid}/${spec.name}/${run}` : '',
    ready: isReady(container, role),
    started: container.started,
    restartCount: container.restarts,
    state: stateJson(phase, state),
    lastState: last ? stateJson(last, state) : {},
  };
}

function stateJson(phase: ContainerState['phase'], { initialized }: PodState): StateJson {
  if (phase.kind === 'running') return { running: { startedAt: formatTime(phase.startedAtMs) } };
  if (phase.kind === 'terminated') return { terminated: terminatedJson(phase) };
  if (phase.kind === 'starting') return { waiting: { reason: 'ContainerCreating' } };
  const reason = phase.reason === 'PodInitializing' && initialized ? 'ContainerCreating' : phase.reason;
  return { waiting: { reason, ...(phase.message !== undefined && { message: phase.message }) } };
}

const terminatedJson = ({ exitCode, signal, startedAtMs, finishedAtMs }: Terminated) => ({
  exitCode,
  ...(signal !== undefined && { signal }),
  reason: exitCode === 0 ? 'Completed' : 'Error',
  startedAt: formatTime(startedAtMs),
  finishedAt: formatTime(finishedAtMs),
});

/** As `metav1.Time`: whole seconds. */
export const formatTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
