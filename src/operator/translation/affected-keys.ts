/** Which queue keys a change affects: StickyWorkloads, Gateways, and the GatewayClass. */
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { cookieKeys, type Candidate, type WorkloadIndex } from '../../core/resolve/workload-index.ts';
import type { Translated } from './translation-store.ts';

// No StickyWorkload can have such a key: namespaces have no capital letters.
const gatewayPrefix = 'Gateway/';
export const gatewayClassWork = 'GatewayClass';

/** Returns `namespace/name` of the Gateway of a queue key, or undefined for keys of other kinds. */
export const gatewayOfWork = (key: string): string | undefined =>
  key.startsWith(gatewayPrefix) ? key.slice(gatewayPrefix.length) : undefined;

/** Returns the keys that changes in these namespaces may affect; `undefined` stands for a change of a cluster-scoped object. */
export function findAffectedKeys(
  { translation: { workloads, gateways } }: Translated,
  namespaces: ReadonlySet<string | undefined>,
): string[] {
  const touches = (dependencies: () => ReadonlySet<string>): boolean =>
    namespaces.has(undefined) || [...dependencies()].some((namespace) => namespaces.has(namespace));
  return [
    gatewayClassWork,
    ...[...workloads.candidates]
      .filter(([, candidate]) => touches(() => namespacesOfWorkload(candidate, workloads)))
      .map(([key]) => key),
    ...Object.entries(gateways)
      .filter(([, gateway]) => touches(() => namespacesOfGateway(gateway)))
      .map(([key]) => gatewayPrefix + key),
  ];
}

/** Returns the namespaces that a StickyWorkload depends on: its own, and those of its Gateways, its backends, and the StickyWorkloads that set the same cookie there. */
function namespacesOfWorkload(candidate: Candidate, { cookies }: Pick<WorkloadIndex, 'cookies'>): ReadonlySet<string> {
  const { plan } = candidate;
  const sharing = cookieKeys(candidate).flatMap((key) => cookies.get(key) ?? []);
  return new Set([
    plan.namespace,
    ...plan.parents.map(({ gateway }) => gateway.namespace),
    ...plan.backendRefs.map(({ backend }) => backend.split('/')[0] ?? ''),
    ...sharing.map((other) => other.plan.namespace),
  ]);
}

/** Returns the namespaces that a Gateway depends on: its own, and those of its routes. */
const namespacesOfGateway = ({ gateway, routes }: GatewayPlan): ReadonlySet<string> =>
  new Set([gateway.namespace, ...routes.map(({ plan }) => plan.namespace)]);
