/**
 * Which of several objects takes precedence, as Gateway API says for everything that conflicts (GEP-713): the oldest, and of the same age the
 * first by namespace and name.
 */

/** `createdAt`: RFC 3339 in UTC, so that text order is time order. */
export type Dated = { createdAt: string; namespace: string; name: string };

export const oldestFirst = <T extends Dated>(objects: readonly T[]): T[] =>
  objects.toSorted((one, other) => (seniority(one) < seniority(other) ? -1 : 1));

const seniority = ({ createdAt, namespace, name }: Dated): string => `${createdAt} ${namespace}/${name}`;

/** `target`: the first one that another policy, `winner`, has. */
export type Conflict<Policy> = { target: string; winner: Policy };

/** `winners`: the policy that applies, by target. `conflicts`: those that lack a target; they apply to their others. */
export type Settled<Policy> = {
  winners: ReadonlyMap<string, Policy>;
  conflicts: ReadonlyMap<Policy, Conflict<Policy>>;
};

/** Settles conflicts between policies of one kind. `targetsOf`: what a policy targets, as keys. */
export function settlePolicies<Policy extends Dated>(
  policies: readonly Policy[],
  targetsOf: (policy: Policy) => readonly string[],
): Settled<Policy> {
  const winners = new Map<string, Policy>();
  const conflicts = new Map<Policy, Conflict<Policy>>();
  for (const policy of oldestFirst(policies)) {
    for (const target of targetsOf(policy)) {
      const winner = winners.get(target);
      if (winner === undefined) winners.set(target, policy);
      else if (winner !== policy && !conflicts.has(policy)) conflicts.set(policy, { target, winner });
    }
  }
  return { winners, conflicts };
}
