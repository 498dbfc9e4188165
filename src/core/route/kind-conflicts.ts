/**
 * HTTPRoutes and GRPCRoutes that have a host of one listener in common: their precedences are defined within each kind only, so the host is for one
 * kind, that of the older route (Gateway API, `GRPCRoute.spec.hostnames`).
 */
import { gatewayKey } from '../resolve/plan.ts';
import { claimHosts, type HostClaims } from '../routing/host-claims.ts';
import { intersectHostnames } from '../routing/hostnames.ts';
import type { Attachment, AttachedTo, AttachVerdict } from './attach.ts';
import type { ParentIR, RouteIR, RouteSource } from './ir.ts';
import type { JudgedRoute } from './judge-routes.ts';
import { parentKey, type ParentObjects } from './parent-objects.ts';

/** What is left of an attachment. `by`: the older route. */
type KindConflict = { listeners: string[]; by: RouteSource };

/** By the reference of the route that loses listeners. */
export type KindConflicts = ReadonlyMap<ParentIR, KindConflict>;

export function findKindConflicts(oldestFirst: readonly JudgedRoute[], parents: ParentObjects): KindConflicts {
  const conflicts = new Map<ParentIR, KindConflict>();
  const claims = new Claims();
  for (const { route, parents: verdicts } of oldestFirst) {
    for (const verdict of verdicts) {
      if (verdict.kind !== 'attached') continue;
      const places = placesOf(verdict, route, parents);
      const held = places.map((place) => claims.take(place, route.source));
      const by = held.find((one) => one !== undefined);
      const listeners = places.flatMap(({ id }, at) => (held[at] === undefined ? [id] : []));
      if (by !== undefined) conflicts.set(verdict.parent, { listeners, by });
    }
  }
  return conflicts;
}

/** A listener of a route, with the hosts that the route has there. */
type Place = { key: string; id: string; hostnames: readonly string[] };

function placesOf({ parent, gateway, listeners }: AttachedTo, route: RouteIR, parents: ParentObjects): Place[] {
  const of = parents.get(parentKey(parent))?.listeners ?? [];
  return listeners.map((id) => {
    const hostname = of.find((one) => one.id === id)?.hostname;
    const hostnames = intersectHostnames(route.hostnames, hostname) ?? [];
    return { key: `${gatewayKey(gateway)} ${id}`, id, hostnames };
  });
}

/** The hosts of each listener that routes of each kind have. */
class Claims {
  private readonly byPlace = new Map<string, HostClaims<RouteSource>>();

  /** Returns the route of the other kind that has one of the hosts; undefined if there is none, and then this one has them. */
  take({ key, hostnames }: Place, source: RouteSource): RouteSource | undefined {
    const other = source.kind === 'HTTPRoute' ? 'GRPCRoute' : 'HTTPRoute';
    const by = this.of(`${key} ${other}`).first(hostnames);
    if (by === undefined) this.of(`${key} ${source.kind}`).add(hostnames, source);
    return by;
  }

  private of(key: string): HostClaims<RouteSource> {
    const known = this.byPlace.get(key) ?? claimHosts();
    this.byPlace.set(key, known);
    return known;
  }
}

export const settleParents = <Verdict extends AttachVerdict>(
  verdicts: readonly Verdict[],
  conflicts: KindConflicts,
): (Verdict | Attachment)[] =>
  verdicts.map((verdict) => {
    const conflict = conflicts.get(verdict.parent);
    return verdict.kind === 'attached' && conflict ? settle(verdict, conflict) : verdict;
  });

function settle({ parent, gateway, listeners: before }: AttachedTo, { listeners, by }: KindConflict): Attachment {
  if (listeners.length > 0) return { kind: 'attached', parent, gateway, listeners };
  const name = by.workload === undefined ? `${by.kind} ${by.key}` : `spec.route of StickyWorkload ${by.key}`;
  const count = before.length === 1 ? 'the listener' : 'each listener';
  const message = `Gateway ${gatewayKey(gateway)}: ${name} is older and has a hostname in common with this route on ${count}, which serves either HTTPRoutes or GRPCRoutes of a host: use other hostnames, or another listener.`;
  return { kind: 'refused', parent, gateway, reason: 'HostnameConflict', message };
}
