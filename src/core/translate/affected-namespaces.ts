/** Whom a change concerns: namespaces that are looked into when a StickyWorkload or a Gateway is judged. */
import { cookieKeys, type WorkloadIndex, type Candidate } from '../resolve/workload-index.ts';
import type { GatewayPlan } from '../resolve/gateway-plan.ts';

/** Its own, those of its Gateways, of its backends, and of others who want the same cookie there. */
export function namespacesOfWorkload(
  candidate: Candidate,
  { cookies }: Pick<WorkloadIndex, 'cookies'>,
): ReadonlySet<string> {
  const { plan } = candidate;
  const rivals = cookieKeys(candidate).flatMap((key) => cookies.get(key) ?? []);
  return new Set([
    plan.namespace,
    ...plan.parents.map(({ gateway }) => gateway.namespace),
    ...plan.backendRefs.map(({ backend }) => backend.split('/')[0] ?? ''),
    ...rivals.map((rival) => rival.plan.namespace),
  ]);
}

/** Its own, and those of its routes. */
export const namespacesOfGateway = ({ gateway, routes }: GatewayPlan): ReadonlySet<string> =>
  new Set([gateway.namespace, ...routes.map(({ plan }) => plan.namespace)]);
