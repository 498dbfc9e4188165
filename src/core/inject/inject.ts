/**
 * Injection: what a pod of a sticky workload gets at admission so that its sessions can end before it does.
 *
 *   sidecar          first of the init containers: sidecars stop in reverse order, so it outlives all others
 *   preStop          on every app container: the kubelet waits in the sidecar before it sends SIGTERM
 *   grace period     long enough for the longest drain; it can be shortened later, never extended
 *   probe grace      the user's own, so that a wedged container still restarts as quickly as before
 *
 * Every piece is added only where it is missing. That makes a second call harmless, and it completes a pod to which
 * another webhook has added a container after the first one.
 */
import { annotations, ports, sidecarContainer } from '../names/names.ts';
import type { ContainerJson, JsonPatchOperation, PodJson, ProbeJson } from './pod.ts';
import { preStopPath, renderSidecar, renderTokenVolume, tokenVolume } from './sidecar.ts';
import type { InjectParams } from './sidecar.ts';

/** Why a pod was left as it is. `HostNetwork`, `PortTaken`: the sidecar could not listen, and the pod would never start. */
export type UnchangedReason = 'AlreadyInjected' | 'HostNetwork' | 'PortTaken';

/** `kept`: app containers whose own preStop was left alone (PreStopConflict); SIGTERM reaches them without a drain. */
export type Injection = { kind: 'inject'; patch: JsonPatchOperation[]; kept: string[] } | { kind: 'unchanged'; reason: UnchangedReason };

/** What the API server fills in where a pod template says nothing. */
const defaultGraceSeconds = 30;
/** Between the sidecar's deadline and the kubelet's: the answer's way, and clocks that differ. */
const graceReserveSeconds = 5;

/** The JSON patch that injects a pod. Applying it and asking again gives `unchanged`. */
export function injectPod(pod: PodJson, params: InjectParams): Injection {
  // On the node's network two pods would want the same port, and the kubelet would ask whichever had got it.
  if (pod.spec.hostNetwork === true) return { kind: 'unchanged', reason: 'HostNetwork' };
  if (usesSidecarPort(pod)) return { kind: 'unchanged', reason: 'PortTaken' };
  const originalGrace = originalGraceSeconds(pod);
  const patch = [
    ...annotate(pod, { [annotations.workload]: params.workload, [annotations.originalGrace]: String(originalGrace) }),
    ...extendGrace(pod, params),
    ...addTokenVolume(pod),
    // Before the sidecar: it goes to the front of the list, which would shift the numbers in these paths.
    ...keepProbeGrace(pod, originalGrace),
    ...addPreStops(pod),
    ...addSidecar(pod, params),
  ];
  return patch.length === 0 ? { kind: 'unchanged', reason: 'AlreadyInjected' } : { kind: 'inject', patch, kept: keptPreStops(pod) };
}

const add = (path: string, value: unknown): JsonPatchOperation => ({ op: 'add', path, value });

// RFC 6901: `~` and `/` in a key.
const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

function usesSidecarPort(pod: PodJson): boolean {
  const others = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].filter((container) => container.name !== sidecarContainer);
  return others.some((container) => container.ports?.some((port) => port.containerPort === ports.sidecar) ?? false);
}

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

function extendGrace(pod: PodJson, params: InjectParams): JsonPatchOperation[] {
  const holdMs = params.drainTimeoutMs + params.quietPeriodMs + params.shutdownMarginMs;
  const needed = Math.ceil(holdMs / 1000) + graceReserveSeconds;
  const present = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  return present >= needed ? [] : [add('/spec/terminationGracePeriodSeconds', needed)];
}

function addTokenVolume(pod: PodJson): JsonPatchOperation[] {
  const { volumes } = pod.spec;
  if (volumes === undefined) return [add('/spec/volumes', [renderTokenVolume()])];
  return volumes.some((volume) => volume.name === tokenVolume) ? [] : [add('/spec/volumes/-', renderTokenVolume())];
}

/** Also for the user's own sidecars: a wedged one would be waited for just as long. */
function keepProbeGrace(pod: PodJson, graceSeconds: number): JsonPatchOperation[] {
  // A probe's grace must be at least a second; a pod's may be 0.
  const value = Math.max(1, graceSeconds);
  const ofList = (list: 'containers' | 'initContainers') =>
    (pod.spec[list] ?? []).flatMap((container, index) =>
      container.name === sidecarContainer
        ? []
        : probesWithoutGrace(container).map((probe) => add(`/spec/${list}/${index}/${probe}/terminationGracePeriodSeconds`, value)),
    );
  return [...ofList('containers'), ...ofList('initContainers')];
}

function probesWithoutGrace(container: ContainerJson): ('livenessProbe' | 'startupProbe')[] {
  const lacksGrace = (probe: ProbeJson | undefined) => probe !== undefined && probe.terminationGracePeriodSeconds === undefined;
  return (['livenessProbe', 'startupProbe'] as const).filter((name) => lacksGrace(container[name]));
}

function addPreStops(pod: PodJson): JsonPatchOperation[] {
  const preStop = { httpGet: { path: preStopPath, port: ports.sidecar } };
  return pod.spec.containers.flatMap((container, index) => {
    const path = `/spec/containers/${index}/lifecycle`;
    if (container.lifecycle === undefined) return [add(path, { preStop })];
    return container.lifecycle.preStop === undefined ? [add(`${path}/preStop`, preStop)] : [];
  });
}

function addSidecar(pod: PodJson, params: InjectParams): JsonPatchOperation[] {
  const { initContainers } = pod.spec;
  if (initContainers === undefined) return [add('/spec/initContainers', [renderSidecar(params)])];
  return initContainers.some((container) => container.name === sidecarContainer) ? [] : [add('/spec/initContainers/0', renderSidecar(params))];
}

function keptPreStops(pod: PodJson): string[] {
  const isForeign = ({ lifecycle }: ContainerJson) => lifecycle?.preStop !== undefined && !isOurPreStop(lifecycle.preStop);
  return pod.spec.containers.filter(isForeign).map((container) => container.name);
}

const isOurPreStop = ({ httpGet }: { httpGet?: { path?: string; port?: number | string } }): boolean =>
  httpGet?.path === preStopPath && httpGet.port === ports.sidecar;
