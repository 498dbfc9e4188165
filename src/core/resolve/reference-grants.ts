/** References to objects of other namespaces, which a ReferenceGrant in the namespace of the object must permit. */
import type { ReferenceGrant } from '../snapshot/snapshot.ts';

export type Referrer = { group: string; kind: string; namespace: string };
export type Referent = { group: string; kind: string; namespace: string; name: string };

/** ReferenceGrants by the namespace that they are in. */
export type Grants = ReadonlyMap<string, readonly ReferenceGrant[]>;

/** As Gateway API defines ReferenceGrant: one grant must list both the referrer and the referent; without a name it covers the whole kind. */
export const isPermitted = (from: Referrer, to: Referent, grants: Grants): boolean =>
  from.namespace === to.namespace ||
  (grants.get(to.namespace) ?? []).some(
    (grant) =>
      grant.from.some((one) => isSameKind(one, from) && one.namespace === from.namespace) &&
      grant.to.some(
        (one) => isSameKind(one, to) && (one.name === undefined || one.name === '' || one.name === to.name),
      ),
  );

type Kind = { group: string; kind: string };

const isSameKind = (one: Kind, other: Kind): boolean => one.group === other.group && one.kind === other.kind;
