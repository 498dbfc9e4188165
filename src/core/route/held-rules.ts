/**
 * Which rules keep sessions: that of a StickyWorkload's own route as it says, and of users' routes those with `sessionPersistence` of their own, else those with a backend that has an
 * XBackendTrafficPolicy with it, else those with a backend that has a StickyWorkload.
 * The first such backend of a rule decides what the rule itself does not, for all of its backends: a rule has one cookie, and a session stays
 * on its backend.
 */
import { claimHosts, type HostClaims } from '../routing/host-claims.ts';
import { defaultCookieName } from '../names/names.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import { endpointId } from '../session/token.ts';
import type { Carrier, RoutePersistence } from '../../wire/routing-table.ts';
import { attachedGateways } from './attach.ts';
import type { PersistenceIR, RouteSource, RuleIR } from './ir.ts';
import type { JudgedRoute } from './judge-routes.ts';
import type { ServiceTarget } from './resolve-refs.ts';

/** `key`: of the rule among all. `plan`: the StickyWorkload that decides; absent: the rule alone does. */
export type HeldRule = { key: string; persistence: RoutePersistence; own?: PersistenceIR; plan?: ServingPlan };

export type HeldRules = ReadonlyMap<RuleIR, HeldRule>;

/**
 * `oldestFirst`: a rule that is added later does not take the cookie of an earlier one, which would end its sessions. The routes of
 * StickyWorkloads have theirs: it is checked when a StickyWorkload is accepted.
 */
export function holdRules(oldestFirst: readonly JudgedRoute[]): HeldRules {
  const held = new Map<RuleIR, HeldRule>();
  const names = new CookieNames();
  for (const judged of oldestFirst) {
    const { source, rules } = judged.route;
    const { workload: plan } = source;
    if (plan === undefined) continue;
    for (const rule of rules) {
      names.take(plan.persistence.carrier.name, judged);
      held.set(rule, { key: ruleKey(source, rule), persistence: plan.persistence, plan });
    }
  }
  for (const judged of oldestFirst) {
    const { route, refs } = judged;
    if (route.source.workload !== undefined) continue;
    for (const rule of route.rules) {
      const one = holdRule(rule, backendsOf(rule, refs), route.source);
      if (one) held.set(rule, { ...one, persistence: names.assign(one, judged) });
    }
  }
  return held;
}

function holdRule(rule: RuleIR, backends: readonly ServiceTarget[], source: RouteSource): HeldRule | undefined {
  const own = rule.persistence ?? backends.find(({ policy }) => policy !== undefined)?.policy;
  const plan = backends.find(({ workload }) => workload !== undefined)?.workload;
  const key = ruleKey(source, rule);
  if (own === undefined) return plan && { key, persistence: plan.persistence, plan };
  const settings = plan?.persistence ?? ({ onEndpointLost: 'Reassign', newSessionOn: [] } as const);
  return { key, persistence: { ...settings, carrier: carrierOf(own, key) }, own, ...(plan && { plan }) };
}

const backendsOf = ({ backendRefs }: RuleIR, refs: JudgedRoute['refs']): ServiceTarget[] =>
  backendRefs.flatMap(({ target }) => {
    const verdict = refs.get(target.at);
    return verdict?.kind === 'resolved' ? [verdict.backend] : [];
  });

const ruleKey = (source: RouteSource, { id }: RuleIR): string => `${sourceName(source)}/${id}`;

/** Distinguishes routes of both kinds that have the same name. */
export const sourceName = ({ kind, key }: RouteSource): string => (kind === 'HTTPRoute' ? key : `${kind}/${key}`);

/**
 * The key of a backend in a rule: tokens contain its hash, so that two rules never share a session. A StickyWorkload has one route and one
 * rule of its own, and those that share its backends, as a canary does, share the sessions.
 */
export const heldKey = ({ key }: ServiceTarget, source: RouteSource, rule: RuleIR): string =>
  source.workload === undefined ? `${key}@${ruleKey(source, rule)}` : key;

/** Distinguishes the carriers of rules: eight hexadecimal digits. */
const suffixOf = (rule: string): string => endpointId(rule).slice(0, 8);

function carrierOf({ type, name, path = '/', lifetimeType }: PersistenceIR, rule: string): Carrier {
  if (type === 'Header') return { type, name: name ?? `Session-${suffixOf(rule)}` };
  return {
    type,
    name: name ?? `session-${suffixOf(rule)}`,
    path,
    sameSite: 'Lax',
    secure: false,
    secureIfHttps: true,
    partitioned: false,
    lifetimeType,
  };
}

/**
 * A browser keeps one cookie per name, path and host, and two rules with the same would destroy each other's sessions: the later one gets another
 * name. Names of headers, and those of the app's own sessions, belong to clients and apps. On each Gateway by itself: anyone may claim any host on a
 * Gateway of their own.
 */
class CookieNames {
  /** By Gateway and name. */
  private readonly taken = new Map<string, HostClaims<true>>();

  assign({ key, persistence, own, plan }: HeldRule, judged: JudgedRoute): RoutePersistence {
    const { carrier } = persistence;
    if (carrier.type !== 'Cookie') return persistence;
    const isOfWorkload = own === undefined && plan !== undefined;
    const isDefault = isOfWorkload && carrier.name === defaultCookieName(plan.name);
    if (!isDefault && this.take(carrier.name, judged)) return persistence;
    return { ...persistence, carrier: { ...carrier, name: `${carrier.name}-${suffixOf(key)}` } };
  }

  /** Returns false if the name is taken for one of the hosts on one of the route's Gateways. */
  take(name: string, { route: { hostnames }, parents }: JudgedRoute): boolean {
    const claims = attachedGateways(parents).map((gateway) => this.claimsOf(`${gateway} ${name}`));
    if (claims.some((one) => one.first(hostnames) !== undefined)) return false;
    for (const one of claims) one.add(hostnames, true);
    return true;
  }

  private claimsOf(key: string): HostClaims<true> {
    const claims = this.taken.get(key) ?? claimHosts();
    this.taken.set(key, claims);
    return claims;
  }
}
