/** Objects of others that stand where ours would: they are reported, never overwritten. */
import type { Reason } from '../../api/reasons.ts';
import { labels } from '../names/names.ts';
import type { Owned, Snapshot } from '../snapshot/snapshot.ts';
import type { OwnedObject } from './owned-object.ts';

export type Conflict = {
  object: { kind: string; namespace: string; name: string };
  reason: Extract<Reason, 'ServiceConflict' | 'RouteConflict' | 'GatewayConflict'>;
  message: string;
};

/** Which of the rendered objects must not be applied, because an object of the same name belongs to somebody else. */
export function findConflicts(objects: readonly OwnedObject[], world: Pick<Snapshot, 'services' | 'httpRoutes' | 'gateways' | 'existing'>): Conflict[] {
  return objects.flatMap((object) => {
    const { namespace = '', name } = object.metadata;
    const standing = candidates(object.kind, world).find((other) => other.namespace === namespace && other.name === name);
    return standing === undefined || isOurs(object, standing) ? [] : [describeConflict(object)];
  });
}

function candidates(kind: string, { services, httpRoutes, gateways, existing }: Parameters<typeof findConflicts>[1]): readonly Owned[] {
  switch (kind) {
    case 'Service':
      return services;
    case 'HTTPRoute':
      return httpRoutes;
    case 'Gateway':
      return gateways;
    default:
      return existing.filter((object) => object.kind === kind);
  }
}

/**
 * Either sign will do: an owner of ours (the label may have been edited away, and is put back), or our label (the owner may be
 * a StickyWorkload that was deleted and created again, or orphaned its objects).
 */
function isOurs({ metadata }: OwnedObject, standing: Owned): boolean {
  const sharesOwner = metadata.ownerReferences?.some(({ uid }) => standing.ownerUids.includes(uid)) ?? false;
  return sharesOwner || standing.component === metadata.labels[labels.component];
}

function describeConflict({ kind, metadata }: OwnedObject): Conflict {
  const { namespace = '', name } = metadata;
  const left = `${kind} ${namespace}/${name} exists and is not managed by Holdfast; it was left as it is.`;
  const object = { kind, namespace, name };
  if (metadata.labels[labels.component] !== 'workload') {
    return { object, reason: 'GatewayConflict', message: `${left} Delete it or give it another name: the proxy of this namespace needs the name.` };
  }
  const reason = kind === 'HTTPRoute' ? 'RouteConflict' : 'ServiceConflict';
  return { object, reason, message: `${left} Delete it or give it another name, or create the StickyWorkload under another name.` };
}
