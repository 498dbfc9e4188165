/** The verdicts on XBackends. */
import { gatewayKey, type GatewayRef } from '../resolve/plan.ts';
import type { XBackend } from '../snapshot/x-backend.ts';
import type { JudgedRoute } from './judge-routes.ts';
import { readXBackend, xBackendGroup, type XBackendProblem } from './read-x-backend.ts';
import { targetsOf } from './resolve-refs.ts';

/** `gateways`: those whose routes refer to it, and may. */
export type JudgedXBackend = { backend: XBackend; gateways: GatewayRef[]; problems: readonly XBackendProblem[] };

/** Returns the verdicts by `namespace/name`. */
export function judgeXBackends(
  backends: ReadonlyMap<string, XBackend> | undefined,
  routes: Iterable<JudgedRoute>,
): Map<string, JudgedXBackend> {
  if (backends === undefined || backends.size === 0) return new Map();
  const gateways = gatewaysByBackend(routes);
  return new Map(
    [...backends].map(([key, backend]) => [
      key,
      { backend, gateways: [...(gateways.get(key)?.values() ?? [])], problems: readXBackend(backend).problems },
    ]),
  );
}

/** Without a ReferenceGrant, a route of another namespace must not write into the status of the XBackend. */
export function gatewaysByBackend(routes: Iterable<JudgedRoute>): Map<string, Map<string, GatewayRef>> {
  const found = new Map<string, Map<string, GatewayRef>>();
  for (const { route, parents, refs } of routes) {
    const gateways = parents.flatMap((verdict) => (verdict.kind === 'attached' ? [verdict.gateway] : []));
    for (const { at, group, kind, namespace, name } of targetsOf(route)) {
      const verdict = refs.get(at);
      if (group !== xBackendGroup || kind !== 'XBackend') continue;
      if (verdict?.kind === 'unresolved' && verdict.reason === 'RefNotPermitted') continue;
      const key = `${namespace}/${name}`;
      const of = found.get(key) ?? new Map<string, GatewayRef>();
      for (const gateway of gateways) of.set(gatewayKey(gateway), gateway);
      found.set(key, of);
    }
  }
  return found;
}
