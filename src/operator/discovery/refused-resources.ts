/**
 * What proxies refuse of their configuration: a resource that fails their check, because of a defect of Holdfast or of an older proxy. They keep the previous
 * one, which nothing else would show. Each acknowledgement has all that is refused at the time, and the operator sends these resources again with the next delta.
 */
import type { Refusal, Report } from '../../wire/messages.ts';

type Proxy = { gateway: string; uid: string };

export interface RefusedResources {
  /** Each report repeats the last acknowledgement: only a new one counts. `gateway`: `namespace/name`. */
  take(proxy: Proxy, acknowledged: Report['acknowledged']): void;
  /** Returns what these proxies (UIDs) refuse at present, each resource once. */
  of(proxyUids: readonly string[]): Refusal[];
  /** Calls the listener with the key of the Gateway whose proxies refuse something else. Returns a function that unsubscribes. */
  onChange(listener: (gateway: string) => void): () => void;
}

/** Of proxies that terminated while they refused something. */
const maxProxies = 10_000;

/** `observe`: called with the type of each resource that is refused. */
export function createRefusedResources(observe: (type: string) => void): RefusedResources {
  const latest = new Map<string, { nonce: number; refused: readonly Refusal[] }>();
  const listeners = new Set<(gateway: string) => void>();
  return {
    take({ gateway, uid }, acknowledged) {
      const known = latest.get(uid);
      if (acknowledged === undefined || acknowledged.nonce === known?.nonce) return;
      const { nonce, refused } = acknowledged;
      const before = new Set(known?.refused.map(({ id }) => id));
      for (const { id } of refused) if (!before.has(id)) observe(typeOf(id));
      if (latest.size >= maxProxies) latest.clear();
      latest.set(uid, { nonce, refused });
      if (JSON.stringify(known?.refused ?? []) === JSON.stringify(refused)) return;
      for (const listener of listeners) listener(gateway);
    },
    of(proxyUids) {
      const refusals = proxyUids.flatMap((uid) => latest.get(uid)?.refused ?? []);
      return [...new Map(refusals.map((refusal) => [refusal.id, refusal])).values()];
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const typeOf = (id: string): string => id.split('/')[0] ?? id;
