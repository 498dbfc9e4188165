/** Which queue keys a change affects: StickyWorkloads, Gateways, and the GatewayClass. */
import { namespacesOfGateway, namespacesOfWorkload } from '../../core/translate/affected-namespaces.ts';
import type { Translated } from '../translation/translation-store.ts';

// No StickyWorkload can have such a key: namespaces have no capital letters.
const gatewayPrefix = 'Gateway/';
export const gatewayClassWork = 'GatewayClass';

/** Returns `namespace/name` of the Gateway of a queue key, or undefined for keys of other kinds. */
export const gatewayOfWork = (key: string): string | undefined =>
  key.startsWith(gatewayPrefix) ? key.slice(gatewayPrefix.length) : undefined;

/** Returns the keys that changes in these namespaces may affect; `undefined` stands for a change of a cluster-scoped object. */
export function findAffectedKeys(
  { translation: { world, gateways } }: Translated,
  namespaces: ReadonlySet<string | undefined>,
): string[] {
  const touches = (concerns: () => ReadonlySet<string>): boolean =>
    namespaces.has(undefined) || [...concerns()].some((namespace) => namespaces.has(namespace));
  return [
    gatewayClassWork,
    ...[...world.candidates]
      .filter(([, candidate]) => touches(() => namespacesOfWorkload(candidate, world)))
      .map(([key]) => key),
    ...Object.entries(gateways)
      .filter(([, gateway]) => touches(() => namespacesOfGateway(gateway)))
      .map(([key]) => gatewayPrefix + key),
  ];
}
