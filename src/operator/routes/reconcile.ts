/** Writes the statuses of the HTTPRoutes of users. */
import { judgeHttpRoute } from '../../core/status/route-status.ts';
import { httpRoutes } from '../../kube/resources.ts';
import type { GatewayTools } from '../gateway/reconcile.ts';

export type RouteTools = Pick<GatewayTools, 'translations' | 'caches' | 'statuses' | 'nowMs'>;

/** `key`: `namespace/name`. A deleted HTTPRoute needs no work. */
export async function reconcileHttpRoute(
  key: string,
  { translations, caches, statuses, nowMs }: RouteTools,
): Promise<undefined> {
  const judged = translations.latest()?.translation.httpRoutes.get(key);
  const cached = judged && caches.get('httpRoutes', judged.route.source);
  if (!judged || !cached) return;
  const { uid, generation } = judged.route.source;
  // The verdict is on an earlier version: the next translation has this one, and calls again.
  if (cached.metadata.uid !== uid || cached.observed.generation !== generation) return;
  const status = judgeHttpRoute(judged, cached.observed, nowMs());
  if (status) await statuses.writeOther(httpRoutes, cached, status);
}
