/** What routes can attach to: the Gateways that Holdfast manages and their ListenerSets, with their listeners. */
import { defaultGateway, gatewayApiGroup } from '../names/names.ts';
import { defaultListener, type GatewayRef } from '../resolve/plan.ts';
import { listenerId } from '../listener/listener.ts';
import type { JudgedListenerSet } from '../listener/listener-sets.ts';
import type { GatewayIndex } from '../resolve/gateways.ts';
import type { AllowedRoutes } from '../snapshot/snapshot.ts';

/** A listener as the rules of attachment see it, whatever its health. `id`: its name in the routing table of the Gateway. */
export type AttachableListener = {
  id: string;
  name: string;
  port: number;
  protocol: string;
  hostname?: string;
  allowedRoutes: AllowedRoutes;
};

/** `namespace`: that of the object, for listeners that allow routes of the same namespace. */
export type ParentObject = { gateway: GatewayRef; namespace: string; listeners: readonly AttachableListener[] };

/** By `parentKey`. */
export type ParentObjects = ReadonlyMap<string, ParentObject>;

export type ParentIdentity = { group: string; kind: string; namespace: string; name: string };

export const parentKey = ({ group, kind, namespace, name }: ParentIdentity): string =>
  `${group}/${kind}/${namespace}/${name}`;

/** `generated`: the namespaces in which Holdfast generates a Gateway. */
export function indexParents({ served }: Pick<GatewayIndex, 'served'>, generated: Iterable<string>): ParentObjects {
  const parents = new Map<string, ParentObject>();
  for (const namespace of generated) {
    const gateway = { namespace, name: defaultGateway };
    parents.set(gatewayParent(gateway), { gateway, namespace, listeners: [generatedListener] });
  }
  // One that a user manages takes precedence over the generated one of its name.
  for (const { ref, listeners, sets = [] } of served.values()) {
    parents.set(gatewayParent(ref), { gateway: ref, namespace: ref.namespace, listeners });
    for (const judged of sets) parents.set(setParent(judged), setObject(judged, ref));
  }
  return parents;
}

const gatewayParent = (gateway: GatewayRef): string =>
  parentKey({ group: gatewayApiGroup, kind: 'Gateway', ...gateway });

const setParent = ({ set: { namespace, name } }: JudgedListenerSet): string =>
  parentKey({ group: gatewayApiGroup, kind: 'ListenerSet', namespace, name });

/** A ListenerSet that the Gateway does not allow has its routes still, as a listener without a certificate has. */
const setObject = ({ set, listeners, refusal }: JudgedListenerSet, gateway: GatewayRef): ParentObject => ({
  gateway,
  namespace: set.namespace,
  listeners:
    refusal === undefined
      ? listeners
      : set.listeners.map((one) => ({ ...one, id: listenerId({ kind: 'ListenerSet', ...set }, one.name) })),
});

const generatedListener: AttachableListener = {
  ...defaultListener,
  id: defaultListener.name,
  allowedRoutes: { from: 'Same', kinds: [] },
};
