/** What the leader works on, by the key in its queue: StickyWorkloads, Gateways, and the one GatewayClass. */
import { namespacesOfGateway, namespacesOfWorkload } from '../../core/translate/affected-namespaces.ts';
import type { Translated } from '../translation/translation-store.ts';

// No StickyWorkload can have such keys: a namespace has no capital letters.
const gatewayPrefix = 'Gateway/';
export const gatewayClassWork = 'GatewayClass';

/** `namespace/name` of the Gateway that a key of the queue is about, or undefined where it is about something else. */
export const gatewayOfWork = (key: string): string | undefined =>
  key.startsWith(gatewayPrefix) ? key.slice(gatewayPrefix.length) : undefined;

/** Keys of all that changes in these namespaces may concern; `undefined` among them: a change to something of the whole cluster. */
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
