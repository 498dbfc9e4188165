/** Writes the statuses of the routes of users, and of the policies on their backends. */
import type { JudgedRoute } from '../../core/route/judge-routes.ts';
import { ancestorsOf, judgeBackendTlsStatus } from '../../core/status/backend-tls-status.ts';
import { judgePolicy } from '../../core/status/policy-status.ts';
import { judgeXBackend } from '../../core/status/x-backend-status.ts';
import { judgeHttpRoute } from '../../core/status/route-status.ts';
import type { Resource } from '../../kube/ports.ts';
import { backendTlsPolicies, grpcRoutes, httpRoutes, trafficPolicies, xBackends } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import type { CachedWithStatus } from '../gather/owned.ts';
import type { GatewayTools } from '../gateway/reconcile.ts';

export type RouteTools = Pick<GatewayTools, 'translations' | 'caches' | 'statuses' | 'nowMs'>;

/** Returns the work on the object of a kind, `namespace/name`; undefined for other kinds. A deleted object needs no work. */
export function routeWork(
  kind: string,
): ((key: string, tools: RouteTools) => Promise<Recheck | undefined>) | undefined {
  return works[kind];
}

const works: Partial<Record<string, (key: string, tools: RouteTools) => Promise<Recheck | undefined>>> = {
  HTTPRoute: (key, tools) =>
    writeRoute(tools.translations.latest()?.translation.httpRoutes.get(key), httpRoutes, tools),
  GRPCRoute: (key, tools) =>
    writeRoute(tools.translations.latest()?.translation.grpcRoutes.get(key), grpcRoutes, tools),
  XBackendTrafficPolicy: writePolicy,
  XBackend: writeXBackend,
  BackendTLSPolicy: writeBackendTls,
};

async function writeRoute(
  judged: JudgedRoute | undefined,
  resource: Resource,
  { translations, caches, statuses, nowMs }: RouteTools,
): Promise<Recheck | undefined> {
  if (judged === undefined) return undefined;
  const { source } = judged.route;
  const cached = caches.get(source.kind === 'HTTPRoute' ? 'httpRoutes' : 'grpcRoutes', source);
  if (cached === undefined || !isCurrent(source, cached)) return undefined;
  const shadows = translations.latest()?.translation.routeShadows.get(`${source.kind}/${source.key}`);
  const status = judgeHttpRoute(judged, cached.observed, nowMs(), shadows);
  return status && statuses.writeShared(resource, cached, status);
}

async function writePolicy(
  key: string,
  { translations, caches, statuses, nowMs }: RouteTools,
): Promise<Recheck | undefined> {
  const judged = translations.latest()?.translation.policies.get(key);
  const cached = judged && caches.get('trafficPolicies', judged.policy);
  if (!judged || !cached || !isCurrent(judged.policy, cached)) return undefined;
  const status = judgePolicy(judged, cached.observed, nowMs());
  return status && statuses.writeShared(trafficPolicies, cached, status);
}

async function writeXBackend(
  key: string,
  { translations, caches, statuses, nowMs }: RouteTools,
): Promise<Recheck | undefined> {
  const judged = translations.latest()?.translation.xBackends.get(key);
  const cached = judged && caches.get('xBackends', judged.backend);
  if (!judged || !cached || !isCurrent(judged.backend, cached)) return undefined;
  const status = judgeXBackend(judged, cached.observed, nowMs());
  return status && statuses.writeShared(xBackends, cached, status);
}

async function writeBackendTls(
  key: string,
  { translations, caches, statuses, nowMs }: RouteTools,
): Promise<Recheck | undefined> {
  const translation = translations.latest()?.translation;
  const judged = translation?.backendTls.judged.get(key);
  const cached = judged && caches.get('backendTlsPolicies', judged.policy);
  if (!translation || !judged || !cached || !isCurrent(judged.policy, cached)) return undefined;
  const ancestors = ancestorsOf(judged, translation.gateways);
  const status = judgeBackendTlsStatus(judged, ancestors, cached.observed, nowMs());
  return status && statuses.writeShared(backendTlsPolicies, cached, status);
}

/** Otherwise the verdict is on an earlier version: the next translation has this one, and calls again. */
const isCurrent = (
  { uid, generation }: { uid: string; generation: number },
  { metadata, observed }: CachedWithStatus,
): boolean => metadata.uid === uid && observed.generation === generation;
