/** What all owned objects have in common: labels, owners, and the form for server-side apply. */
import { apiVersion as ownerApiVersion, kind as ownerKind } from '../../api/stickyworkload.ts';
import { labels, managedByValue } from '../names/names.ts';

/** A complete object for server-side apply: every field that Holdfast owns, and no other. */
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

/** The component label: of the objects of a StickyWorkload, of a proxy, of a generated Gateway, and of the GatewayClass. */
export type Component = 'workload' | 'proxy' | 'gateway' | 'gateway-class';

type OwnerIdentity = { name: string; uid: string };

/** The labels that Kubernetes recommends; Holdfast identifies its objects by them. `instance`: the StickyWorkload or the Gateway. */
export const standardLabels = (component: Component, instance: string): Record<string, string> => ({
  [labels.name]: 'holdfast',
  [labels.instance]: instance,
  [labels.component]: component,
  [labels.partOf]: 'holdfast',
  [labels.managedBy]: managedByValue,
});

/** For an object of one StickyWorkload. */
export const controlledBy = ({ name, uid }: OwnerIdentity): OwnerReference[] => [
  { apiVersion: ownerApiVersion, kind: ownerKind, name, uid, controller: true },
];

/** For an object of a user-managed Gateway. */
export const controlledByGateway = ({ name, uid }: OwnerIdentity): OwnerReference[] => [
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name, uid, controller: true },
];

/** For an object that StickyWorkloads share; none of them is its controller. The garbage collector deletes it with the last one. */
export const sharedBy = (owners: readonly OwnerIdentity[]): OwnerReference[] =>
  owners
    .map(({ name, uid }) => ({ apiVersion: ownerApiVersion, kind: ownerKind, name, uid }))
    .toSorted((one, other) => (one.uid < other.uid ? -1 : 1));

/** Besides the other owners. */
export const ownedByPods = (pods: readonly OwnerIdentity[]): OwnerReference[] =>
  pods
    .map(({ name, uid }) => ({ apiVersion: 'v1', kind: 'Pod', name, uid }))
    .toSorted((one, other) => (one.uid < other.uid ? -1 : 1));
