/**
 * Injection: what a pod of a StickyWorkload gets at admission so that its sessions can end before the pod does.
 *
 *   sidecar          first of the init containers: sidecars stop in reverse order, so it outlives all others
 *   preStop          on every app container: the kubelet waits for the sidecar before it sends SIGTERM. The sidecar calls an
 *                    httpGet hook of the user's after the drain (`pre-stop.ts`); also that of a native sidecar
 *   grace period     long enough for the longest drain; a hold can be shorter, but a grace period cannot be extended
 *   probe grace      the user's own, so that a hung container still restarts as quickly as before
 *
 * Each part is added only if it is missing. So a second call is harmless, and it completes a pod to which another webhook has added a
 * container after the first call.
 */
import { containerOfVariable } from '../../wire/app-pre-stop-hook.ts';
import { annotations, sidecarContainer } from '../names/names.ts';
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
import { choosePort, otherContainers } from './port.ts';
import { warnOfPorts, type PortWarning } from './port-warnings.ts';
import {
  decidePreStops,
  renderPreStopVariable,
  setPreStops,
  warnOfPreStops,
  type ContainerPreStop,
  type PreStopWarning,
} from './pre-stop.ts';
import { sidecarResources } from './resources.ts';
import { renderTokenVolume, tokenVolume } from '../render/token-volume.ts';
import { isSidecar, isTokenVolume, renderSidecar } from './sidecar.ts';

/**
 * Why a pod was left unchanged. `PortConflict`: the sidecar could not listen, and the pod would never start. `NameConflict`:
 * a container or volume of the user's has the name of an injected one, and the API server would reject the pod. `Windows`: the image is for Linux.
 */
export type UnchangedReason = 'AlreadyInjected' | 'PortConflict' | 'NameConflict' | 'Windows';

/** What is reported to the user. `PreStopKept` (PreStopConflict): SIGTERM reaches that container without a drain. */
export type InjectWarning = PreStopWarning | PortWarning;

export type Injection =
  | { kind: 'inject'; patch: JsonPatchOperation[]; warnings: InjectWarning[] }
  /** `port`: for PortConflict. */
  | { kind: 'unchanged'; reason: UnchangedReason; port?: number };

/** The API server's default. */
const defaultGraceSeconds = 30;
/** Between the sidecar's deadline and the kubelet's: for the time of the response, and for clocks that differ. */
const graceReserveSeconds = 5;

/** Returns the JSON patch that injects a pod. For a pod that has it applied, the result is `unchanged`. */
export function injectPod(pod: PodJson, params: InjectParams): Injection {
  const choice = choosePort(pod, params);
  const { port } = choice;
  const obstacle = findObstacle(pod);
  if (obstacle) return { kind: 'unchanged', reason: obstacle };
  if (choice.kind === 'conflict') return { kind: 'unchanged', reason: 'PortConflict', port };
  const originalGrace = originalGraceSeconds(pod);
  const graceSeconds = neededGraceSeconds(pod, params);
  const preStops = decidePreStops(pod, { port, held: heldContainers(pod) });
  const patch = [
    ...annotate(pod, {
      [annotations.workload]: params.workload,
      [annotations.originalGrace]: String(originalGrace),
      [annotations.sidecarPort]: String(port),
    }),
    ...extendGrace(pod, graceSeconds),
    ...addTokenVolume(pod, graceSeconds),
    ...addPullSecrets(pod, params),
    // Before the sidecar, which becomes the first of the list and would shift the indexes in these paths.
    ...keepProbeGrace(pod, originalGrace),
    // For a pod on the network of its node, the kubelet finds no address to call: the container runtime reports none.
    ...setPreStops(preStops, { port, ...(pod.spec.hostNetwork === true && { host: '127.0.0.1' }) }),
    ...addSidecar(pod, params, { port, preStops }),
  ];
  return patch.length === 0
    ? { kind: 'unchanged', reason: 'AlreadyInjected' }
    : { kind: 'inject', patch, warnings: [...warnOfPreStops(preStops), ...warnOfPorts(pod, params, port)] };
}

function findObstacle(pod: PodJson): UnchangedReason | undefined {
  const { os, nodeSelector, volumes = [] } = pod.spec;
  if (os?.name === 'windows' || nodeSelector?.['kubernetes.io/os'] === 'windows') return 'Windows';
  return otherContainers(pod).some(({ name }) => name === sidecarContainer) ||
    volumes.some((volume) => volume.name === tokenVolume && !isTokenVolume(volume))
    ? 'NameConflict'
    : undefined;
}

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

function addPullSecrets({ spec }: PodJson, { imagePullSecrets }: InjectParams): JsonPatchOperation[] {
  const missing = imagePullSecrets
    .filter((wanted) => !spec.imagePullSecrets?.some(({ name }) => name === wanted))
    .map((name) => ({ name }));
  if (missing.length === 0) return [];
  return spec.imagePullSecrets === undefined
    ? [add('/spec/imagePullSecrets', missing)]
    : missing.map((secret) => add('/spec/imagePullSecrets/-', secret));
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
function addSidecar(
  pod: PodJson,
  params: InjectParams,
  { port, preStops }: { port: number; preStops: ContainerPreStop[] },
): JsonPatchOperation[] {
  const { initContainers } = pod.spec;
  const variables = preStops.flatMap(({ container, held, decision }) =>
    held || decision.kind !== 'set' ? [] : [renderPreStopVariable(container.name, decision.own)],
  );
  const index = initContainers?.findIndex(isSidecar) ?? -1;
  if (index >= 0) return variables.map((variable) => add(`/spec/initContainers/${index}/env/-`, variable));
  const sidecar = renderSidecar(params, {
    originalGraceSeconds: originalGraceSeconds(pod),
    port,
    isOnNode: pod.spec.hostNetwork === true,
    resources: sidecarResources(pod, otherContainers(pod), params.resources),
    connectionPorts: connectionPorts(pod, params),
    applicationPort: applicationPort(pod, params),
    preStops: variables,
  });
  return [
    initContainers === undefined ? add('/spec/initContainers', [sidecar]) : add('/spec/initContainers/0', sidecar),
  ];
}
