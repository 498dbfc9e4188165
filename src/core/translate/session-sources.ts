/** How a backend keeps sessions: its limits, and where the keys of its tokens come from. */
import type { ServingPlan } from '../resolve/plan.ts';
import type { HeldRule } from '../route/held-rules.ts';
import type { ServiceTarget } from '../route/resolve-refs.ts';
import { deriveRing } from '../session/derived-keys.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { BackendSessions, BalancingPolicy, KeyRing, SessionLimits } from '../../wire/routing-table.ts';

/** `keys`: the ring of a StickyWorkload, or one derived for a rule. */
export type SessionSource = {
  policy: BalancingPolicy;
  limits: SessionLimits;
  maxPerEndpoint?: number;
  keys: { workload: string } | { rule: string };
};

export const sourceOf = ({ key, policy, limits, maxSessionsPerEndpoint }: ServingPlan): SessionSource => ({
  policy,
  limits,
  ...(maxSessionsPerEndpoint !== undefined && { maxPerEndpoint: maxSessionsPerEndpoint }),
  keys: { workload: key },
});

export type RingSources = Pick<Snapshot, 'keyRings' | 'masterRing'>;

/** Returns the ring that the keys are, or are derived from. */
const baseOf = ({ keys }: SessionSource, { keyRings, masterRing }: RingSources): KeyRing | undefined =>
  'workload' in keys ? keyRings[keys.workload] : masterRing;

/** Returns whatever `buildSessions` reads, without deriving keys; undefined without keys: no token could be signed or verified. */
export function readSessions(source: SessionSource, rings: RingSources): unknown[] | undefined {
  const base = baseOf(source, rings);
  if (base === undefined) return undefined;
  const { policy, maxPerEndpoint, limits, keys } = source;
  const { idleTimeoutMs, confirmTimeoutMs, absoluteTimeoutMs } = limits;
  return [
    base,
    policy,
    maxPerEndpoint,
    idleTimeoutMs,
    confirmTimeoutMs,
    absoluteTimeoutMs,
    'rule' in keys && keys.rule,
  ];
}

export function buildSessions(source: SessionSource, rings: RingSources): BackendSessions | undefined {
  const base = baseOf(source, rings);
  if (base === undefined) return undefined;
  const { limits, maxPerEndpoint, keys } = source;
  return {
    limits,
    ...(maxPerEndpoint !== undefined && { maxPerEndpoint }),
    keyRing: 'rule' in keys ? deriveRing(base, `rule ${keys.rule}`) : base,
  };
}

const defaultIdleTimeoutMs = 30 * 60_000;
const defaultConfirmTimeoutMs = 60_000;

/** The sessions of a rule on one of its backends: by its own `sessionPersistence`, and what that leaves open by the StickyWorkload. */
export function sessionsIn({ key, own, plan }: HeldRule, { workload = plan }: ServiceTarget): SessionSource {
  const base: SessionSource =
    workload === undefined
      ? { policy: 'LeastSessions', limits: { idleTimeoutMs: defaultIdleTimeoutMs }, keys: { rule: key } }
      : sourceOf(workload);
  if (own === undefined) return base;
  const { absoluteTimeoutMs, idleTimeoutMs = base.limits.idleTimeoutMs } = own;
  const { confirmTimeoutMs = defaultConfirmTimeoutMs } = base.limits;
  const limits = {
    idleTimeoutMs,
    confirmTimeoutMs: Math.min(confirmTimeoutMs, idleTimeoutMs),
    ...(absoluteTimeoutMs !== undefined && { absoluteTimeoutMs }),
  };
  return { ...base, limits };
}
