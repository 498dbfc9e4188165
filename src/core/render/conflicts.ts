/** Objects of others that stand where ours would: they are reported, never overwritten. */
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

/** Which of the rendered objects must not be applied, because an object of the same name belongs to somebody else. `owned`: by `ownedKey`. */
export function findConflicts(
  objects: readonly OwnedObject[],
  { owned, services }: Pick<ClusterIndex, 'owned' | 'services'>,
): Conflict[] {
  return objects.flatMap((object) => {
    const { namespace = '', name } = object.metadata;
    const standing = owned.get(ownedKey(object.kind, { namespace, name }));
    if (standing === undefined || isOurs(object, standing)) return [];
    return [
      describeConflict(
        object,
        object.kind === 'Service' && services.get(`${namespace}/${name}`)?.isExternalName === true,
      ),
    ];
  });
}

/**
 * Either sign will do: an owner of ours (the label may have been edited away, and is put back), or our label (the owner may be
 * a StickyWorkload that was deleted and created again, or orphaned its objects).
 */
function isOurs({ metadata }: OwnedObject, standing: Owned): boolean {
  const sharesOwner = metadata.ownerReferences?.some(({ uid }) => standing.ownerUids.includes(uid)) ?? false;
  return sharesOwner || standing.component === metadata.labels[labels.component];
}

function describeConflict({ kind, metadata }: OwnedObject, isExternalName: boolean): Conflict {
  const { namespace = '', name } = metadata;
  const what = isExternalName
    ? `${kind} ${namespace}/${name}, of type ExternalName (a name in the DNS, with no pods behind it),`
    : `${kind} ${namespace}/${name}`;
  const left = `${what} exists and is not managed by Holdfast; it was left as it is.`;
  const object = { kind, namespace, name };
  if (metadata.labels[labels.component] !== 'workload') {
    return {
      object,
      reason: 'GatewayConflict',
      message: `${left} Delete it or give it another name: the proxy of Gateway ${metadata.labels[labels.instance]} needs the name.`,
    };
  }
  const reason = kind === 'HTTPRoute' ? 'RouteConflict' : 'ServiceConflict';
  return {
    object,
    reason,
    message: `${left} Delete it or give it another name, or create the StickyWorkload under another name.`,
  };
}
