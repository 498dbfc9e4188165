/**
 * Injection: what a pod of a StickyWorkload gets at admission so that its sessions can end before the pod does.
 *
 *   sidecar          first of the init containers: sidecars stop in reverse order, so it outlives all others
 *   preStop          on every app container: the kubelet waits for the sidecar before it sends SIGTERM. The sidecar calls an
 *                    httpGet hook of the user's after the drain (`pre-stop.ts`)
 *   grace period     long enough for the longest drain; a hold can be shorter, but a grace period cannot be extended
 *   probe grace      the user's own, so that a hung container still restarts as quickly as before
 *
 * Each part is added only if it is missing. So a second call is harmless, and it completes a pod to which another webhook has added a
 * container after the first call.
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
 * Why a pod was left unchanged. `HostNetwork`, `PortConflict`: the sidecar could not listen, and the pod would never start. `NameConflict`:
 * a container or volume of the user's has the name of an injected one, and the API server would reject the pod. `Windows`: the image is for Linux.
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

/** The API server's default. */
const defaultGraceSeconds = 30;
/** Between the sidecar's deadline and the kubelet's: for the time of the response, and for clocks that differ. */
const graceReserveSeconds = 5;

/** Returns the JSON patch that injects a pod. For a pod that has it applied, the result is `unchanged`. */
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
    // Before the sidecar, which becomes the first of the list and would shift the indexes in these paths.
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
  // On the node's network two pods would need the same port, and the kubelet would call the pod that bound it first.
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

/** Returns the grace period of the template, also if injection has already raised it. */
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

/** Returns the grace period for the longest drain, or the user's if it is longer. */
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

/** Includes the user's own sidecars: the kubelet would wait just as long for a hung one. */
function keepProbeGrace(pod: PodJson, graceSeconds: number): JsonPatchOperation[] {
  // A probe's grace period must be at least a second; a pod's may be 0.
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

/** Adds the sidecar; or, if the pod has it, only the variables for containers that were added after it. */
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
