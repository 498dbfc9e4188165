/** XBackendTrafficPolicies: sessions on a Service, for every rule that leads to it and has none of its own. */
import type { TrafficPolicy } from '../snapshot/snapshot.ts';
import type { PersistenceIR, RouteProblem } from './ir.ts';
import { readPersistence } from './read-persistence.ts';

/** The policy of a Service, by `namespace/name` of the Service. */
export type TrafficPolicies = ReadonlyMap<string, { policy: TrafficPolicy; persistence?: PersistenceIR }>;

/** Of several policies for a Service the oldest applies, and of the same age the first by name (GEP-713). One that is invalid applies to none. */
export function indexTrafficPolicies(policies: readonly TrafficPolicy[]): TrafficPolicies {
  const index = new Map<string, { policy: TrafficPolicy; persistence?: PersistenceIR }>();
  for (const policy of policies.toSorted((one, other) => (age(one) < age(other) ? -1 : 1))) {
    const { persistence, problems } = readPolicy(policy);
    if (problems.length > 0) continue;
    for (const name of policy.services) {
      const service = `${policy.namespace}/${name}`;
      if (!index.has(service)) index.set(service, { policy, ...(persistence && { persistence }) });
    }
  }
  return index;
}

const age = ({ createdAt, namespace, name }: TrafficPolicy): string => `${createdAt} ${namespace}/${name}`;

type ReadPolicy = { persistence?: PersistenceIR; problems: RouteProblem[] };

export function readPolicy({ sessionPersistence, unsupported }: TrafficPolicy): ReadPolicy {
  const problems: RouteProblem[] = unsupported.map((path) => ({
    path,
    reason: 'UnsupportedValue',
    message: `${path} is not supported by this version: remove it.`,
  }));
  const persistence =
    sessionPersistence && readPersistence(sessionPersistence, { at: 'spec.sessionPersistence', problems });
  return { ...(persistence && { persistence }), problems };
}
