/**
 * The backends that the proxies of retired Gateways report to have, for a replica that has not seen the tables of these. A claim is no proof: it counts only
 * for pods in the namespace of the proxy, whose owner could delay their drains by other means too.
 */
export interface ClaimedBackends {
  /** Keys of backends by key of the Gateway; the same object until it changes. */
  now(): ReadonlyMap<string, ReadonlySet<string>>;
  /** `keys`: of the backends that the proxy has; undefined: those that it reported before. */
  take(proxy: { gateway: string; uid: string }, keys: readonly string[] | undefined): void;
  /** Whether a proxy has reported to this replica. */
  hasReported(uid: string): boolean;
  /** Forgets the others. */
  keepOnly(isProxy: (uid: string) => boolean): void;
}

/** One Gateway can have as many StickyWorkloads; the key of a backend has the names of a Service, a route and a rule at most. */
const maxClaims = 10_000;
const longestKey = 1024;

export function createClaimedBackends(onChange: () => void): ClaimedBackends {
  const reported = new Map<string, { gateway: string; keys: ReadonlySet<string> }>();
  let byGateway: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  function join(): void {
    const joined = new Map<string, Set<string>>();
    for (const { gateway, keys } of reported.values()) {
      if (keys.size > 0) joined.set(gateway, new Set([...(joined.get(gateway) ?? []), ...keys]));
    }
    byGateway = joined;
  }

  return {
    now: () => byGateway,
    take({ gateway, uid }, keys) {
      const known = reported.get(uid);
      if (known && (keys === undefined || known.keys.size + keys.length === 0)) return;
      const [namespace = ''] = gateway.split('/');
      const own = (keys ?? []).filter((key) => key.startsWith(`${namespace}/`) && key.length <= longestKey);
      const next = new Set(own.slice(0, maxClaims));
      reported.set(uid, { gateway, keys: next });
      if (isSame(known?.keys ?? nothing, next)) return;
      join();
      onChange();
    },
    hasReported: (uid) => reported.has(uid),
    keepOnly(isProxy) {
      const gone = [...reported.keys()].filter((uid) => !isProxy(uid));
      for (const uid of gone) reported.delete(uid);
      if (gone.length > 0) join();
    },
  };
}

const nothing: ReadonlySet<string> = new Set();

const isSame = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  one.size === other.size && [...one].every((key) => other.has(key));
