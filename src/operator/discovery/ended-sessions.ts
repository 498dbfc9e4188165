/**
 * The ended sessions of each Gateway, for proxies that connect later: a proxy that has just started would otherwise accept their tokens.
 *
 * In the memory of one replica of the operator. Proxies report what they remember to a replica that they connect to, so that a replica that
 * has just started learns it from them; see the proxy's `sessions/ended-sessions.ts`.
 */
import { endsRememberedMs } from '../../core/session/validity.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';

export interface EndedSessionMemory {
  /** Returns the ids that are new to this replica. */
  add(gatewayKey: string, ids: readonly string[], at: { table: RoutingTable | undefined; nowMs: number }): string[];
  /** Returns the ids whose tokens could still be valid, in the order in which they were received. */
  list(gatewayKey: string, nowMs: number): string[];
  /** Forgets the Gateways (keys) that are gone, and the ids that have expired. */
  prune(isGone: (gatewayKey: string) => boolean, nowMs: number): void;
}

/** 10 MB for a Gateway. Beyond it the oldest ids are forgotten: only proxies that start afterwards do not know them. */
const maxForGateway = 100_000;

export function createEndedSessionMemory(max = maxForGateway): EndedSessionMemory {
  /** By id: when it expires. The order of insertion is that of expiry, but for changes of the idle timeout. */
  const byGateway = new Map<string, Map<string, number>>();

  function expire(gatewayKey: string, nowMs: number): void {
    const known = byGateway.get(gatewayKey);
    if (known === undefined) return;
    for (const [id, expiresMs] of known) {
      if (expiresMs > nowMs && known.size <= max) break;
      known.delete(id);
    }
    if (known.size === 0) byGateway.delete(gatewayKey);
  }

  return {
    add(gatewayKey, ids, { table, nowMs }) {
      const known = byGateway.get(gatewayKey) ?? new Map<string, number>();
      const fresh = ids.filter((id) => !known.has(id));
      if (fresh.length === 0) return fresh;
      const expiresMs = nowMs + endsRememberedMs(table);
      for (const id of fresh) known.set(id, expiresMs);
      byGateway.set(gatewayKey, known);
      expire(gatewayKey, nowMs);
      return fresh;
    },
    list(gatewayKey, nowMs) {
      expire(gatewayKey, nowMs);
      return [...(byGateway.get(gatewayKey)?.keys() ?? [])];
    },
    prune(isGone, nowMs) {
      for (const key of byGateway.keys()) {
        if (isGone(key)) byGateway.delete(key);
        else expire(key, nowMs);
      }
    },
  };
}
