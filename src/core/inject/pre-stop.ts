/**
 * Which preStop hook a container gets. A container can have only one, so an `httpGet` hook of the user's is replaced, and the sidecar calls
 * it after the drain. A hook that the sidecar cannot call is left unchanged.
 */
import { parsePreStopPath, preStopPathOf, preStopVariable } from '../../wire/app-pre-stop-hook.ts';
import type { AppPreStopHook } from '../../wire/app-pre-stop-hook.ts';
import { sidecarContainer } from '../names/names.ts';
import {
  add,
  resolvePort,
  type ContainerJson,
  type HandlerJson,
  type HttpGetJson,
  type JsonPatchOperation,
  type PodJson,
} from './pod.ts';

/**
 * `NoHttpGet`: an exec or sleep hook. `PortUnknown`: it names a port that its container does not declare, and the kubelet cannot call it
 * either. `Rewritten`: another webhook has replaced the injected hook by its own. Replacing that in turn would make a loop if the other
 * hook calls the injected one, as a service mesh does.
 */
export type KeptBecause = 'NoHttpGet' | 'PortUnknown' | 'Rewritten';

type PreStopDecision =
  | { kind: 'present' }
  /** A native sidecar without a hook: the kubelet sends it SIGTERM only when no app container is left. */
  | { kind: 'unneeded' }
  | { kind: 'kept'; reason: KeptBecause }
  /** `dropped`: a tcpSocket hook, which no kubelet supports: it fails, and the app is stopped at once. */
  | { kind: 'set'; own?: AppPreStopHook; dropped: boolean };

/** A container with its decision. `path`: of its lifecycle in the pod. `held`: the sidecar has a variable for it. */
export type ContainerPreStop = { container: ContainerJson; path: string; held: boolean; decision: PreStopDecision };

/** The hooks of a pod: of the containers that the kubelet stops. `held`: names of those that an existing sidecar has a variable for. */
export type PreStopFacts = { port: number; held: ReadonlySet<string | undefined> };

/**
 * The kubelet calls the hooks of app containers and of native sidecars at once, and waits for the former only before it sends SIGTERM: a
 * native sidecar whose hook ends its work, such as a service mesh proxy, would end it at the start of the drain.
 */
export function decidePreStops({ spec }: PodJson, { port, held }: PreStopFacts): ContainerPreStop[] {
  const of = (list: 'containers' | 'initContainers') =>
    (spec[list] ?? []).map((container, index) => ({ list, container, path: `/spec/${list}/${index}/lifecycle` }));
  const stopped = [...of('containers'), ...of('initContainers').filter(({ container }) => isNativeSidecar(container))];
  return stopped.map(({ list, container, path }) => {
    const isHeld = held.has(container.name);
    const isUnneeded = list === 'initContainers' && container.lifecycle?.preStop === undefined;
    return {
      container,
      path,
      held: isHeld,
      decision: isUnneeded ? { kind: 'unneeded' } : decidePreStop(container, { port, isHeld }),
    };
  });
}

/** Of the user's own. */
const isNativeSidecar = ({ name, restartPolicy }: ContainerJson): boolean =>
  restartPolicy === 'Always' && name !== sidecarContainer;

/** `isHeld`: whether the sidecar has a variable for the container. */
function decidePreStop(container: ContainerJson, { port, isHeld }: { port: number; isHeld: boolean }): PreStopDecision {
  const preStop = container.lifecycle?.preStop;
  if (preStop === undefined) return { kind: 'set', dropped: false };
  if (callsSidecar(preStop, port)) return { kind: 'present' };
  if (isHeld) return { kind: 'kept', reason: 'Rewritten' };
  if (preStop.httpGet) return replaceHook(preStop.httpGet, container);
  return preStop.tcpSocket ? { kind: 'set', dropped: true } : { kind: 'kept', reason: 'NoHttpGet' };
}

function replaceHook(httpGet: HttpGetJson, container: ContainerJson): PreStopDecision {
  const { scheme, host, path = '', httpHeaders = [] } = httpGet;
  // As the kubelet does: only the port names of this container.
  const port = resolvePort(httpGet.port, [container]);
  if (port === undefined) return { kind: 'kept', reason: 'PortUnknown' };
  const own: AppPreStopHook = {
    scheme: scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
    ...(host && { host }),
    port,
    path: path.startsWith('/') ? path : `/${path}`,
    headers: httpHeaders.map(({ name, value }) => ({ name, value })),
  };
  return { kind: 'set', own, dropped: false };
}

/** Whether a preStop hook is the one that injection writes. `port`: of the sidecar in this pod. */
export const callsSidecar = ({ httpGet }: HandlerJson, port: number): boolean =>
  httpGet?.port === port && parsePreStopPath(httpGet.path ?? '') !== undefined;

/** Where the hooks call the sidecar. `host` absent: the address of the pod. */
export type SidecarAddress = { port: number; host?: string };

const renderPreStop = (container: string, sidecar: SidecarAddress) => ({
  httpGet: { path: preStopPathOf(container), ...sidecar },
});

/** The value is the container's own hook, or empty if there is none to call. */
export const renderPreStopVariable = (container: string, own: AppPreStopHook | undefined) => ({
  name: preStopVariable(container),
  value: own === undefined ? '' : escapeReferences(JSON.stringify(own)),
});

/** The kubelet replaces `$(NAME)` in a value by a variable, and `$$` by `$`. */
export const escapeReferences = (text: string): string => text.replaceAll('$', () => '$$');

export function setPreStops(preStops: ContainerPreStop[], sidecar: SidecarAddress): JsonPatchOperation[] {
  return preStops.flatMap(({ container, path, decision }) => {
    if (decision.kind !== 'set') return [];
    const { lifecycle, name } = container;
    const preStop = renderPreStop(name, sidecar);
    if (lifecycle === undefined) return [add(path, { preStop })];
    return [
      lifecycle.preStop === undefined
        ? add(`${path}/preStop`, preStop)
        : { op: 'replace' as const, path: `${path}/preStop`, value: preStop },
    ];
  });
}

export type PreStopWarning =
  | { kind: 'PreStopKept'; container: string; reason: KeptBecause }
  | { kind: 'PreStopDropped'; container: string };

export const warnOfPreStops = (preStops: ContainerPreStop[]): PreStopWarning[] =>
  preStops.flatMap(({ container: { name }, decision }): PreStopWarning[] => {
    if (decision.kind === 'kept') return [{ kind: 'PreStopKept', container: name, reason: decision.reason }];
    return decision.kind === 'set' && decision.dropped ? [{ kind: 'PreStopDropped', container: name }] : [];
  });
