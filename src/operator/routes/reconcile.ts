/** Writes the statuses of the routes of users, and of the policies on their backends. */
import type { JudgedRoute } from '../../core/route/judge-routes.ts';
import { ancestorsOf, judgeBackendTlsStatus } from '../../core/status/backend-tls-status.ts';
import { judgePolicy } from '../../core/status/policy-status.ts';
import { judgeXBackend } from '../../core/status/x-backend-status.ts';
import { judgeHttpRoute } from '../../core/status/route-status.ts';
import type { Resource } from '../../kube/ports.ts';
import { backendTlsPolicies, trafficPolicies, xBackends } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import type { CachedWithStatus } from '../gather/owned.ts';
import { routePlaces } from '../gather/routes.ts';
import type { GatewayTools } from '../gateway/reconcile.ts';
import { findFault } from '../translation/find-fault.ts';
import { writeFault } from './faults.ts';

export type RouteTools = Pick<GatewayTools, 'translations' | 'caches' | 'statuses' | 'nowMs'>;

type Work = (key: string, tools: RouteTools) => Promise<Recheck | undefined>;

/** Returns the work on the object of a kind, `namespace/name`; undefined for other kinds. A deleted object needs no work. */
export function routeWork(kind: string): Work | undefined {
  const work = works[kind];
  if (work === undefined) return undefined;
  return (key, tools) => {
    const fault = findFault(tools.translations.latest(), kind, key);
    return fault ? writeFault(fault, tools) : work(key, tools);
  };
}

const works: Partial<Record<string, Work>> = {
  HTTPRoute: (key, tools) => writeRoute(tools.translations.latest()?.translation.httpRoutes.get(key), tools),
  GRPCRoute: (key, tools) => writeRoute(tools.translations.latest()?.translation.grpcRoutes.get(key), tools),
  XBackendTrafficPolicy: writePolicy,
  XBackend: writeXBackend,
  BackendTLSPolicy: writeBackendTls,
};

async function writeRoute(judged: JudgedRoute | undefined, tools: RouteTools): Promise<Recheck | undefined> {
  if (judged === undefined) return undefined;
  const { source } = judged.route;
  const shadows = tools.translations.latest()?.translation.routeShadows.get(`${source.kind}/${source.key}`);
  return writeStatus(
    { source, ...routePlaces[source.kind] },
    (observed, nowMs) => judgeHttpRoute(judged, observed, nowMs, shadows),
    tools,
  );
}

async function writePolicy(key: string, tools: RouteTools): Promise<Recheck | undefined> {
  const judged = tools.translations.latest()?.translation.policies.get(key);
  if (judged === undefined) return undefined;
  const target = { source: judged.policy, cache: 'trafficPolicies', resource: trafficPolicies } as const;
  return writeStatus(target, (observed, nowMs) => judgePolicy(judged, observed, nowMs), tools);
}

async function writeXBackend(key: string, tools: RouteTools): Promise<Recheck | undefined> {
  const judged = tools.translations.latest()?.translation.xBackends.get(key);
  if (judged === undefined) return undefined;
  const target = { source: judged.backend, cache: 'xBackends', resource: xBackends } as const;
  return writeStatus(target, (observed, nowMs) => judgeXBackend(judged, observed, nowMs), tools);
}

async function writeBackendTls(key: string, tools: RouteTools): Promise<Recheck | undefined> {
  const translation = tools.translations.latest()?.translation;
  const judged = translation?.backendTls.judged.get(key);
  if (!translation || !judged) return undefined;
  const ancestors = ancestorsOf(judged, translation.gateways);
  const target = { source: judged.policy, cache: 'backendTlsPolicies', resource: backendTlsPolicies } as const;
  return writeStatus(target, (observed, nowMs) => judgeBackendTlsStatus(judged, ancestors, observed, nowMs), tools);
}

/** An object that was judged, and where its current version is. */
type Target = {
  source: { namespace: string; name: string; uid: string; generation: number };
  cache: 'httpRoutes' | 'grpcRoutes' | 'trafficPolicies' | 'xBackends' | 'backendTlsPolicies';
  resource: Resource;
};

/** `judge` returns undefined if the object has nothing of this controller. */
async function writeStatus(
  { source, cache, resource }: Target,
  judge: (observed: CachedWithStatus['observed'], nowMs: number) => object | undefined,
  { caches, statuses, nowMs }: RouteTools,
): Promise<Recheck | undefined> {
  const cached = caches.get(cache, source);
  if (cached === undefined || !isCurrent(source, cached)) return undefined;
  const status = judge(cached.observed, nowMs());
  return status && statuses.writeShared(resource, cached, status);
}

/** Otherwise the verdict is on an earlier version: the next translation has this one, and calls again. */
const isCurrent = (
  { uid, generation }: { uid: string; generation: number },
  { metadata, observed }: CachedWithStatus,
): boolean => metadata.uid === uid && observed.generation === generation;
