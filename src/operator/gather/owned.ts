/** Objects that Holdfast may own: their owner, and a fingerprint that reveals edits by other writers. */
import { createHash } from 'node:crypto';
import { labels, managedByValue } from '../../core/names/names.ts';
import type { Autoscaler, Ingress, Owned, Service, ServicePort } from '../../core/snapshot/snapshot.ts';
import type { Observed } from '../../core/status/dated-conditions.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { withoutManagedFields } from '../../kube/watch/reflector.ts';
import { identityOf } from './pods.ts';

export type CachedOwned = KubeObject & { owned: Owned; fingerprint: string };

/** The object itself is not kept: it may be large, and its wanted state is rendered. */
export function projectOwned(object: KubeObject): CachedOwned {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(object.metadata),
    owned: ownedOf(object),
    fingerprint: fingerprintOf(object),
  };
}

export type CachedService = CachedOwned & { service: Service };

type LivePort = {
  name?: string;
  port: number;
  targetPort?: number | string;
  protocol?: string;
  appProtocol?: string | null;
};

/** Go writes an empty list as null. */
type LiveService = KubeObject & {
  spec?: {
    type?: string;
    externalTrafficPolicy?: string;
    clusterIPs?: string[] | null;
    selector?: Record<string, string> | null;
    ports?: LivePort[] | null;
  };
  status?: { loadBalancer?: { ingress?: Ingress[] | null } };
};

export function projectService(object: KubeObject): CachedService {
  const { spec, status } = object as LiveService;
  const cached = projectOwned(object);
  return {
    ...cached,
    service: {
      ...cached.owned,
      ...typeOf(spec),
      clusterIps: (spec?.clusterIPs ?? []).filter((ip) => ip !== 'None'),
      loadBalancer: (status?.loadBalancer?.ingress ?? []).map(readIngress),
      ports: (spec?.ports ?? []).flatMap(readPort),
      ...(isSelector(spec?.selector) && { selector: spec.selector }),
    },
  };
}

function typeOf({ type = 'ClusterIP', externalTrafficPolicy }: LiveService['spec'] = {}): Pick<
  Service,
  'type' | 'isExternalName' | 'isLocal'
> {
  return {
    type,
    isExternalName: type === 'ExternalName',
    ...(externalTrafficPolicy === 'Local' && { isLocal: true }),
  };
}

const readPort = ({ name = '', port, targetPort = port, protocol = 'TCP', appProtocol }: LivePort): ServicePort[] =>
  protocol === 'TCP' ? [{ name, port, targetPort, ...(appProtocol && { appProtocol }) }] : [];

/** A Service without selects no pods: its user writes the slices. */
const isSelector = (labels: Record<string, string> | null | undefined): labels is Record<string, string> =>
  Object.keys(labels ?? {}).length > 0;

const readIngress = ({ ip, hostname }: Ingress): Ingress => ({ ...(ip && { ip }), ...(hostname && { hostname }) });

export type CachedAutoscaler = CachedOwned & { autoscaler: Autoscaler };

export function projectAutoscaler(object: KubeObject): CachedAutoscaler {
  const { spec } = object as KubeObject & { spec?: { scaleTargetRef?: { kind?: string; name?: string } } };
  const { kind = '', name = '' } = spec?.scaleTargetRef ?? {};
  const cached = projectOwned(object);
  return { ...cached, autoscaler: { ...cached.owned, target: { kind, name } } };
}

/** An object of ours whose spec is settings: kept whole, with the status apart, so that a status that Holdfast writes is no change of it. */
export function projectSettings({ status, ...object }: KubeObject): KubeObject {
  return {
    ...withoutManagedFields(object),
    observed: { generation: object.metadata.generation ?? 0, ...(status !== undefined && { status }) },
  };
}

/** A Gateway API object whose status Holdfast writes: cached with that status, so that transition times are kept. */
export type CachedWithStatus = CachedOwned & { observed: Observed };

export function projectWithStatus(object: KubeObject): CachedWithStatus {
  const status = object['status'] as Record<string, unknown> | undefined;
  return {
    ...projectOwned(object),
    observed: { generation: object.metadata.generation ?? 0, ...(status && { status }) },
  };
}

/** The operator's webhook configuration. `caBundles`: which certificate each entry trusts, in base64. */
export type CachedWebhooks = CachedOwned & { caBundles: string[] };

export function projectWebhooks(object: KubeObject): CachedWebhooks {
  // Go may write an empty list as null.
  const { webhooks } = object as KubeObject & { webhooks?: { clientConfig?: { caBundle?: string } }[] | null };
  return {
    ...projectOwned(object),
    caBundles: (webhooks ?? []).map(({ clientConfig }) => clientConfig?.caBundle ?? ''),
  };
}

/** Returns the owner of an object. */
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

// The Deployment controller writes the revision annotation; like the status it does not reveal an edit.
const notOurs = 'deployment.kubernetes.io/revision';

/** Equal for two versions of an object unless a field changed that Holdfast may own: status and bookkeeping are left out. */
export function fingerprintOf(object: KubeObject): string {
  const { status: _status, apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { [notOurs]: _revision, ...annotations } = metadata.annotations ?? {};
  const { uid, labels: ownLabels = {}, ownerReferences = [], deletionTimestamp = '' } = metadata;
  return createHash('sha256')
    .update(JSON.stringify([rest, uid, ownLabels, annotations, ownerReferences, deletionTimestamp]))
    .digest('base64');
}
