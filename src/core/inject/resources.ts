/**
 * The resources of the sidecar, so that the policies of a namespace accept the pod as they accept it without the sidecar:
 *
 *   quota       a ResourceQuota on limits requires a limit of every container. If all other containers have one, so has the sidecar
 *   Guaranteed  the pod keeps its quality of service: the requests of the sidecar equal its limits
 *
 * Otherwise there is no CPU limit: throttling delays the response to the kubelet. A LimitRange is not known at admission; the user sets the
 * resources, see condition Injected.
 */
import type { ContainerJson, PodJson, SidecarResources } from './pod.ts';
import { largerQuantity } from './quantity.ts';

/**
 * It uses 16 MB of its own; the rest of its 63 MB are pages of the binary, which the kernel can evict. Counting 50,000 connections takes it
 * to 73 MB of its own. If it is OOM-killed, the pod's sessions are lost, so the limit is twice its idle memory, including those pages.
 */
const defaults = { requests: { cpu: '5m', memory: '32Mi' }, limits: { memory: '128Mi' } } as const;
/** For pods that need a limit: it starts within a second with this, and then uses next to nothing. A limit must not be below the request. */
const limitsIfNeeded = { cpu: '100m', memory: '128Mi' } as const;

const names = ['cpu', 'memory'] as const;

/** `asked`: those of the StickyWorkload or of the operator's settings, instead of the defaults. */
export function sidecarResources({ spec }: PodJson, others: ContainerJson[], asked?: SidecarResources) {
  const { requests = {}, limits = {} } = asked ?? defaults;
  const needed = names.filter((name) => others.every(({ resources }) => resources?.limits?.[name] !== undefined));
  const all = {
    ...Object.fromEntries(
      needed.map((name) => [name, largerQuantity(limitsIfNeeded[name], asked?.requests?.[name] ?? 0)]),
    ),
    ...limits,
  };
  if (isGuaranteed(others) && spec.resources === undefined) return { requests: all, limits: all };
  return { requests, limits: all };
}

/** The kubelet's rule. An absent request equals its limit. Quantities are compared as text: the API server has written them the same way. */
const isGuaranteed = (containers: ContainerJson[]): boolean =>
  containers.every(({ resources: { requests = {}, limits = {} } = {} }) =>
    names.every(
      (name) => limits[name] !== undefined && String(requests[name] ?? limits[name]) === String(limits[name]),
    ),
  );
