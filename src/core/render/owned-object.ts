/** What every object of ours has in common: labels, owners, and the shape that server-side apply takes. */
import { apiVersion as ownerApiVersion, kind as ownerKind } from '../../api/stickyworkload.ts';
import { labels, managedByValue } from '../names/names.ts';

/** A whole object for server-side apply: every field that is ours, and no other. */
export type OwnedObject = {
  apiVersion: string;
  kind: string;
  metadata: {
    namespace?: string;
    name: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: OwnerReference[];
  };
} & Record<string, unknown>;

export type OwnerReference = { apiVersion: string; kind: string; name: string; uid: string; controller?: true };

/** Of StickyWorkload objects, of a proxy, of its Gateway, and of what the whole installation shares. */
export type Component = 'workload' | 'proxy' | 'gateway' | 'gateway-class';

type OwnerIdentity = { name: string; uid: string };

/** The labels that Kubernetes recommends, and by which we know our own again. `instance`: the StickyWorkload or the Gateway. */
export const standardLabels = (component: Component, instance: string): Record<string, string> => ({
  [labels.name]: 'holdfast',
  [labels.instance]: instance,
  [labels.component]: component,
  [labels.partOf]: 'holdfast',
  [labels.managedBy]: managedByValue,
});

/** The one StickyWorkload that an object is made for. */
export const controlledBy = ({ name, uid }: OwnerIdentity): OwnerReference[] => [
  { apiVersion: ownerApiVersion, kind: ownerKind, name, uid, controller: true },
];

/** The Gateway of a user that an object is made for. */
export const controlledByGateway = ({ name, uid }: OwnerIdentity): OwnerReference[] => [
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name, uid, controller: true },
];

/** The StickyWorkloads that share an object, none of them its controller: the garbage collector removes it with the last. */
export const sharedBy = (owners: readonly OwnerIdentity[]): OwnerReference[] =>
  owners
    .map(({ name, uid }) => ({ apiVersion: ownerApiVersion, kind: ownerKind, name, uid }))
    .toSorted((one, other) => (one.uid < other.uid ? -1 : 1));
