/** Objects that may be ours: whose they are, and a fingerprint by which an edit of somebody else is noticed. */
import { createHash } from 'node:crypto';
import { labels, managedByValue } from '../../core/names/names.ts';
import type { Owned } from '../../core/snapshot/snapshot.ts';
import type { Observed } from '../../core/status/gateway-conditions.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { identityOf } from './pods.ts';

export type CachedOwned = KubeObject & { owned: Owned; fingerprint: string };

/** For the reflector. The object itself is not kept: it may be large, and what we want of it we render ourselves. */
export function projectOwned(object: KubeObject): CachedOwned {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(object.metadata),
    owned: ownedOf(object),
    fingerprint: fingerprintOf(object),
  };
}

export type CachedService = CachedOwned & { isExternalName: boolean };

/** For the reflector. */
export function projectService(object: KubeObject): CachedService {
  const { spec } = object as KubeObject & { spec?: { type?: string } };
  return { ...projectOwned(object), isExternalName: spec?.type === 'ExternalName' };
}

/** A Gateway API object whose status Holdfast writes: cached with that status, so that transition times are kept. */
export type CachedWithStatus = CachedOwned & { observed: Observed };

/** For the reflector. */
export function projectWithStatus(object: KubeObject): CachedWithStatus {
  const status = object['status'] as Record<string, unknown> | undefined;
  return {
    ...projectOwned(object),
    observed: { generation: object.metadata.generation ?? 0, ...(status && { status }) },
  };
}

/** The operator's webhook configuration. `caBundles`: which certificate each entry trusts, in base64. */
export type CachedWebhooks = CachedOwned & { caBundles: string[] };

/** For the reflector. */
export function projectWebhooks(object: KubeObject): CachedWebhooks {
  // Go may write an empty list as null.
  const { webhooks } = object as KubeObject & { webhooks?: { clientConfig?: { caBundle?: string } }[] | null };
  return {
    ...projectOwned(object),
    caBundles: (webhooks ?? []).map(({ clientConfig }) => clientConfig?.caBundle ?? ''),
  };
}

/** Whose an object is. */
export function ownedOf({ metadata }: KubeObject): Owned {
  const component =
    metadata.labels?.[labels.managedBy] === managedByValue ? metadata.labels[labels.component] : undefined;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    ownerUids: (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    ...(component !== undefined && { component }),
  };
}

// The revision annotation is the Deployment controller's own note; like the status it says nothing of an edit.
const notOurs = 'deployment.kubernetes.io/revision';

/** The same for two versions of an object unless somebody changed something that could be ours: status and bookkeeping are left out. */
export function fingerprintOf(object: KubeObject): string {
  const { status: _status, apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { [notOurs]: _revision, ...annotations } = metadata.annotations ?? {};
  const { uid, labels: ownLabels = {}, ownerReferences = [], deletionTimestamp = '' } = metadata;
  return createHash('sha256')
    .update(JSON.stringify([rest, uid, ownLabels, annotations, ownerReferences, deletionTimestamp]))
    .digest('base64');
}
