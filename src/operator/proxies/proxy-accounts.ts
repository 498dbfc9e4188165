/** Which Gateway a proxy serves, by its ServiceAccount. Names of ServiceAccounts are calculated from those of Gateways, and may have a hash. */
import { proxyName } from '../../core/names/names.ts';
import type { GatewayRef } from '../../core/resolve/plan.ts';
import type { Translation } from '../../core/translate/translation.ts';

type Gateways = Pick<Translation, 'gateways' | 'retired'>;

const byAccount = new WeakMap<Gateways, ReadonlyMap<string, GatewayRef>>();

/** Returns the Gateway whose proxies run as this ServiceAccount, also one that is gone while they do; undefined if there is none. */
export function gatewayOfAccount(
  gateways: Gateways,
  { namespace, name }: { namespace: string; name: string },
): GatewayRef | undefined {
  let known = byAccount.get(gateways);
  if (!known) byAccount.set(gateways, (known = indexAccounts(gateways)));
  return known.get(`${namespace}/${name}`);
}

const indexAccounts = ({ gateways, retired }: Gateways): Map<string, GatewayRef> =>
  new Map(
    [...retired.values(), ...Object.values(gateways)].map(({ gateway }) => [
      `${gateway.namespace}/${proxyName(gateway.name)}`,
      gateway,
    ]),
  );
