/** Existing objects that Holdfast does not manage but whose names it needs: they are reported, never overwritten. */
import type { Reason } from '../../api/reasons.ts';
import { labels } from '../names/names.ts';
import type { Owned } from '../snapshot/snapshot.ts';
import { ownedKey, type ClusterIndex } from '../translate/cluster-index.ts';
import type { OwnedObject } from './owned-object.ts';

export type Conflict = {
  object: { kind: string; namespace: string; name: string };
  reason: Extract<Reason, 'ServiceConflict' | 'RouteConflict' | 'GatewayConflict'>;
  message: string;
};

/** Returns the rendered objects that must not be applied, because Holdfast does not manage the object of that name. `owned`: by `ownedKey`. */
export function findConflicts(
  objects: readonly OwnedObject[],
  { owned, services }: Pick<ClusterIndex, 'owned' | 'services'>,
): Conflict[] {
  return objects.flatMap((object) => {
    const { namespace = '', name } = object.metadata;
    const existing = owned.get(ownedKey(object.kind, { namespace, name }));
    if (existing === undefined || isOwn(object, existing)) return [];
    return [
      describeConflict(
        object,
        object.kind === 'Service' && services.get(`${namespace}/${name}`)?.isExternalName === true,
      ),
    ];
  });
}

/**
 * Either sign is enough: a shared owner (a removed label is restored), or the Holdfast component label (the owner may be a
 * StickyWorkload that was deleted and created again, or that orphaned its objects).
 */
function isOwn({ metadata }: OwnedObject, existing: Owned): boolean {
  const sharesOwner = metadata.ownerReferences?.some(({ uid }) => existing.ownerUids.includes(uid)) ?? false;
  return sharesOwner || existing.component === metadata.labels[labels.component];
}

function describeConflict({ kind, metadata }: OwnedObject, isExternalName: boolean): Conflict {
  const { namespace = '', name } = metadata;
  const what = isExternalName ? `${kind} ${namespace}/${name} (type ExternalName)` : `${kind} ${namespace}/${name}`;
  const left = `${what} exists and is not managed by Holdfast; it was left unchanged.`;
  const object = { kind, namespace, name };
  if (metadata.labels[labels.component] !== 'workload') {
    return {
      object,
      reason: 'GatewayConflict',
      message: `${left} Delete or rename it: the proxy of Gateway ${metadata.labels[labels.instance]} needs this name.`,
    };
  }
  const reason = kind === 'HTTPRoute' || kind === 'GRPCRoute' ? 'RouteConflict' : 'ServiceConflict';
  return {
    object,
    reason,
    message: `${left} Delete or rename it, or create the StickyWorkload under another name.`,
  };
}
