/** What the proxies have confirmed of the session keys, and for how long tokens can be live. */
import { combineRings } from '../../core/keys/confirmations.ts';
import type { ProxyKeys, TokenLimits } from '../../core/keys/rotation.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import type { Carrier, RoutingTable } from '../../wire/routing-table.ts';
import { runningProxies } from '../proxies/serving-proxies.ts';
import type { Translated } from '../translation/translation-store.ts';

const sessionBackends = ({ backends }: RoutingTable): string[] =>
  Object.values(backends).flatMap(({ key, sessions }) => (sessions ? [key] : []));

/** Returns the running proxies of every Gateway that has sessions. Those of retired Gateways, and of backends that have left, keep what they have. */
export function confirmedKeys(
  { translation: { tables, index, retired, left } }: Pick<Translated, 'translation'>,
  ledger: Pick<Ledger, 'keyRingsOf'>,
  nowMs: number,
): ProxyKeys[] {
  return Object.entries(tables).flatMap(([gateway, table]) => {
    const frozen = new Set(left.byGateway.get(gateway)?.map(({ key }) => key));
    const keys = sessionBackends(table).filter((key) => !frozen.has(key));
    if (keys.length === 0 || retired.has(gateway)) return [];
    return runningProxies(index, gateway).map((uid) => {
      const reported = ledger.keyRingsOf(uid, nowMs);
      const ring = combineRings(keys.map((key) => reported?.[key]));
      return { uid, ...(ring && { ring }) };
    });
  });
}

const renewsTokens = ({ type }: Carrier): boolean => type === 'Cookie' || type === 'Header';

/** Returns the limits of the tokens of every backend that has sessions. */
export function tokenLimits({ translation: { tables } }: Translated): TokenLimits[] {
  return Object.values(tables).flatMap(({ backends, routes }) => {
    const keepsTokens = new Set(
      routes
        .filter(({ persistence }) => persistence !== undefined && !renewsTokens(persistence.carrier))
        .flatMap(({ backendRefs }) => backendRefs.map(({ backend }) => backend)),
    );
    return Object.values(backends).flatMap(({ key, sessions }) =>
      sessions ? [{ limits: sessions.limits, renewsTokens: !keepsTokens.has(key) }] : [],
    );
  });
}
