/** ListenerSets: which of them a Gateway allows, and in which order their listeners precede each other. */
import { gatewayApiGroup } from '../names/names.ts';
import { oldestFirst } from '../resolve/policy-conflicts.ts';
import { selects } from '../resolve/label-selector.ts';
import type { Gateway, ListenerSet } from '../snapshot/snapshot.ts';
import type { JudgedListener } from './listener.ts';

/** `refusal`: why the Gateway does not allow it. */
export type JudgedListenerSet = { set: ListenerSet; refusal?: string; listeners: JudgedListener[] };

/** Returns the sets of each Gateway, by `namespace/name`: the oldest first, and of the same age by namespace and name. */
export const indexListenerSets = (sets: readonly ListenerSet[]): Map<string, ListenerSet[]> =>
  Map.groupBy(
    oldestFirst(sets.filter(({ parent }) => parent.group === gatewayApiGroup && parent.kind === 'Gateway')),
    ({ parent }) => `${parent.namespace}/${parent.name}`,
  );

/** `namespaces`: their labels by name. Returns why the Gateway does not allow the set, or undefined. */
export function findSetRefusal(
  { namespace, name, allowedListeners = { from: 'None' } }: Gateway,
  set: ListenerSet,
  namespaces: ReadonlyMap<string, Record<string, string>>,
): string | undefined {
  const { from } = allowedListeners;
  if (from === 'All' || (from === 'Same' && set.namespace === namespace)) return undefined;
  if (from === 'Selector' && selects(allowedListeners.selector, namespaces.get(set.namespace) ?? {})) return undefined;
  return (
    `spec.parentRef: Gateway ${namespace}/${name} allows no ListenerSets of namespace ${set.namespace}: ` +
    'allow the namespace in spec.allowedListeners of the Gateway.'
  );
}

/** A Gateway that Holdfast generates serves the StickyWorkloads of its namespace, and allows no ListenerSets. */
export const refuseForGenerated = (
  gateway: { namespace: string; name: string },
  sets: readonly ListenerSet[],
): JudgedListenerSet[] =>
  (indexListenerSets(sets).get(`${gateway.namespace}/${gateway.name}`) ?? []).map((set) => ({
    set,
    refusal: `spec.parentRef: Gateway ${gateway.namespace}/${gateway.name} is generated and allows no ListenerSets: create a Gateway of your own.`,
    listeners: [],
  }));
