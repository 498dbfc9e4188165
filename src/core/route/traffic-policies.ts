/** XBackendTrafficPolicies: sessions on a Service, for every rule that leads to it and has none of its own. */
import { settlePolicies, type Settled } from '../resolve/policy-conflicts.ts';
import type { TrafficPolicy } from '../snapshot/snapshot.ts';
import type { PersistenceIR, RouteProblem } from './ir.ts';
import { readPersistence } from './read-persistence.ts';

/** `conflicts`: of those that are valid. */
export type TrafficPolicies = Pick<Settled<TrafficPolicy>, 'conflicts'> & {
  /** Returns what the policy of a Service says, by `namespace/name` of the Service. */
  get(service: string): Pick<ReadPolicy, 'persistence'> | undefined;
};

/** A policy that is invalid applies to no Service. */
export function indexTrafficPolicies(policies: readonly TrafficPolicy[]): TrafficPolicies {
  const valid = policies.filter((policy) => readPolicy(policy).problems.length === 0);
  const { winners, conflicts } = settlePolicies(valid, ({ namespace, services }) =>
    services.map((name) => `${namespace}/${name}`),
  );
  return {
    conflicts,
    get: (service) => {
      const winner = winners.get(service);
      return winner && readPolicy(winner);
    },
  };
}

type ReadPolicy = { persistence?: PersistenceIR; problems: RouteProblem[] };

const known = new WeakMap<TrafficPolicy, ReadPolicy>();

/** Objects of the cache are never modified, so a policy is read once for as long as the object is the same. */
export function readPolicy(object: TrafficPolicy): ReadPolicy {
  const before = known.get(object) ?? read(object);
  known.set(object, before);
  return before;
}

function read({ sessionPersistence, unsupported }: TrafficPolicy): ReadPolicy {
  const problems: RouteProblem[] = unsupported.map((path) => ({
    path,
    reason: 'UnsupportedValue',
    message: `${path} is not supported by this version: remove it.`,
  }));
  const persistence =
    sessionPersistence && readPersistence(sessionPersistence, { at: 'spec.sessionPersistence', problems });
  return { ...(persistence && { persistence }), problems };
}
