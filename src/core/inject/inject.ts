/**
 * Injection: what a pod of a sticky workload gets at admission so that its sessions can end before it does.
 *
 *   sidecar          first of the init containers: sidecars stop in reverse order, so it outlives all others
 *   preStop          on every app container: the kubelet waits in the sidecar before it sends SIGTERM. An httpGet hook of the
 *                    user's is called by the sidecar after the drain (`pre-stop.ts`)
 *   grace period     long enough for the longest drain; a hold can be shorter, and a grace never be extended
 *   probe grace      the user's own, so that a wedged container still restarts as quickly as before
 *
 * Every piece is added only where it is missing. That makes a second call harmless, and it completes a pod to which
 * another webhook has added a container after the first one.
 */
import { containerOfVariable } from '../../wire/app-pre-stop-hook.ts';
import { annotations, ports, sidecarContainer } from '../names/names.ts';
import {
  add,
  applicationPort,
  connectionPorts,
  type ContainerJson,
  type InjectParams,
  type JsonPatchOperation,
  type PodJson,
  type ProbeJson,
} from './pod.ts';
import {
  decidePreStops,
  renderPreStopVariable,
  setPreStops,
  warnOfPreStops,
  type ContainerPreStop,
  type PreStopWarning,
} from './pre-stop.ts';
import { isSidecar, isTokenVolume, renderSidecar, renderTokenVolume, tokenVolume } from './sidecar.ts';

/**
 * Why a pod was left as it is. `HostNetwork`, `PortConflict`: the sidecar could not listen, and the pod would never start. `NameConflict`: a
 * container or volume of the user's has the name of one of ours, and the API server would refuse the pod. `Windows`: the image is for Linux.
 */
export type UnchangedReason = 'AlreadyInjected' | 'HostNetwork' | 'PortConflict' | 'NameConflict' | 'Windows';

/** What is reported to the user. `PreStopKept` (PreStopConflict): SIGTERM reaches that container without a drain. */
export type InjectWarning =
  | PreStopWarning
  | { kind: 'ConnectionPortsUnknown' }
  | { kind: 'ApplicationPortUnknown'; port: number | string };

export type Injection =
  | { kind: 'inject'; patch: JsonPatchOperation[]; warnings: InjectWarning[] }
  | { kind: 'unchanged'; reason: UnchangedReason };

/** What the API server fills in where a pod template says nothing. */
const defaultGraceSeconds = 30;
/** Between the sidecar's deadline and the kubelet's: the answer's way, and clocks that differ. */
const graceReserveSeconds = 5;

/** The JSON patch that injects a pod. Applying it and asking again gives `unchanged`. */
export function injectPod(pod: PodJson, params: InjectParams): Injection {
  const obstacle = findObstacle(pod);
  if (obstacle) return { kind: 'unchanged', reason: obstacle };
  const originalGrace = originalGraceSeconds(pod);
  const graceSeconds = neededGraceSeconds(pod, params);
  const preStops = decidePreStops(pod, heldContainers(pod));
  const patch = [
    ...annotate(pod, { [annotations.workload]: params.workload, [annotations.originalGrace]: String(originalGrace) }),
    ...extendGrace(pod, graceSeconds),
    ...addTokenVolume(pod, graceSeconds),
    // Before the sidecar: it goes to the front of the list, which would shift the numbers in these paths.
    ...keepProbeGrace(pod, originalGrace),
    ...setPreStops(preStops),
    ...addSidecar(pod, params, preStops),
  ];
  return patch.length === 0
    ? { kind: 'unchanged', reason: 'AlreadyInjected' }
    : { kind: 'inject', patch, warnings: [...warnOfPreStops(preStops), ...warnOfPorts(pod, params)] };
}

function findObstacle(pod: PodJson): UnchangedReason | undefined {
  const { hostNetwork, os, nodeSelector, volumes = [] } = pod.spec;
  if (os?.name === 'windows' || nodeSelector?.['kubernetes.io/os'] === 'windows') return 'Windows';
  // On the node's network two pods would want the same port, and the kubelet would ask whichever had got it.
  if (hostNetwork === true) return 'HostNetwork';
  const others = allContainers(pod).filter((container) => !isSidecar(container));
  if (
    others.some(({ name }) => name === sidecarContainer) ||
    volumes.some((volume) => volume.name === tokenVolume && !isTokenVolume(volume))
  ) {
    return 'NameConflict';
  }
  return others.some((container) => container.ports?.some((port) => port.containerPort === ports.sidecar))
    ? 'PortConflict'
    : undefined;
}

const allContainers = ({ spec }: PodJson): ContainerJson[] => [...spec.containers, ...(spec.initContainers ?? [])];

// RFC 6901: `~` and `/` in a key.
const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** What the user asked for, also when we have already raised it. */
function originalGraceSeconds(pod: PodJson): number {
  const recorded = Number(pod.metadata?.annotations?.[annotations.originalGrace]);
  return Number.isInteger(recorded) ? recorded : (pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds);
}

function annotate(pod: PodJson, wanted: Record<string, string>): JsonPatchOperation[] {
  const existing = pod.metadata?.annotations;
  if (existing === undefined) return [add('/metadata/annotations', wanted)];
  return Object.entries(wanted)
    .filter(([key]) => existing[key] === undefined)
    .map(([key, value]) => add(`/metadata/annotations/${pointer(key)}`, value));
}

/** For the longest drain, or what the user gives the pod where that is more. */
function neededGraceSeconds({ spec }: PodJson, params: InjectParams): number {
  const holdMs = params.drainTimeoutMs + params.quietPeriodMs + params.shutdownMarginMs;
  return Math.max(
    spec.terminationGracePeriodSeconds ?? defaultGraceSeconds,
    Math.ceil(holdMs / 1000) + graceReserveSeconds,
  );
}

const extendGrace = ({ spec }: PodJson, graceSeconds: number): JsonPatchOperation[] =>
  graceSeconds === (spec.terminationGracePeriodSeconds ?? defaultGraceSeconds)
    ? []
    : [add('/spec/terminationGracePeriodSeconds', graceSeconds)];

function addTokenVolume({ spec: { volumes } }: PodJson, graceSeconds: number): JsonPatchOperation[] {
  const volume = renderTokenVolume(graceSeconds);
  if (volumes === undefined) return [add('/spec/volumes', [volume])];
  return volumes.some(({ name }) => name === tokenVolume) ? [] : [add('/spec/volumes/-', volume)];
}

/** Also for the user's own sidecars: a wedged one would be waited for just as long. */
function keepProbeGrace(pod: PodJson, graceSeconds: number): JsonPatchOperation[] {
  // A probe's grace must be at least a second; a pod's may be 0.
  const value = Math.max(1, graceSeconds);
  const ofList = (list: 'containers' | 'initContainers') =>
    (pod.spec[list] ?? []).flatMap((container, index) =>
      container.name === sidecarContainer
        ? []
        : probesWithoutGrace(container).map((probe) =>
            add(`/spec/${list}/${index}/${probe}/terminationGracePeriodSeconds`, value),
          ),
    );
  return [...ofList('containers'), ...ofList('initContainers')];
}

function probesWithoutGrace(container: ContainerJson): ('livenessProbe' | 'startupProbe')[] {
  const lacksGrace = (probe: ProbeJson | undefined) =>
    probe !== undefined && probe.terminationGracePeriodSeconds === undefined;
  return (['livenessProbe', 'startupProbe'] as const).filter((name) => lacksGrace(container[name]));
}

/** Names of the containers that the sidecar has a variable for; empty if there is no sidecar yet. */
const heldContainers = ({ spec }: PodJson): ReadonlySet<string | undefined> =>
  new Set(spec.initContainers?.find(isSidecar)?.env?.map(({ name }) => containerOfVariable(name)));

/** The whole sidecar; or, where it is there, what it has to know of containers that came after it. */
function addSidecar(pod: PodJson, params: InjectParams, preStops: ContainerPreStop[]): JsonPatchOperation[] {
  const { initContainers } = pod.spec;
  const variables = preStops.flatMap(({ container, held, decision }) =>
    held || decision.kind !== 'set' ? [] : [renderPreStopVariable(container.name, decision.own)],
  );
  const index = initContainers?.findIndex(isSidecar) ?? -1;
  if (index >= 0) return variables.map((variable) => add(`/spec/initContainers/${index}/env/-`, variable));
  const sidecar = renderSidecar(params, {
    originalGraceSeconds: originalGraceSeconds(pod),
    connectionPorts: connectionPorts(pod, params),
    applicationPort: applicationPort(pod, params),
    preStops: variables,
  });
  return [
    initContainers === undefined ? add('/spec/initContainers', [sidecar]) : add('/spec/initContainers/0', sidecar),
  ];
}

function warnOfPorts(pod: PodJson, params: InjectParams): InjectWarning[] {
  const { sessionSources, application } = params;
  return [
    ...(sessionSources.includes('Connections') && connectionPorts(pod, params).length === 0
      ? [{ kind: 'ConnectionPortsUnknown' as const }]
      : []),
    ...(application && applicationPort(pod, params) === undefined
      ? [{ kind: 'ApplicationPortUnknown' as const, port: application.port }]
      : []),
  ];
}
