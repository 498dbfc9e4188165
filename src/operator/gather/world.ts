/** The observed world of one replica: its caches, joined into the Snapshot that the core judges. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { backendKey, keyRingName } from '../../core/names/names.ts';
import { parseKeyRing } from '../../core/render/key-ring.ts';
import type { Existing, Pod, Snapshot } from '../../core/snapshot/snapshot.ts';
import type { KeyRing } from '../../core/table/routing-table.ts';
import type { KubeObject, ObjectRef } from '../../kube/ports.ts';
import type { Caches } from './caches.ts';
import { createDepartedPods } from './departed.ts';
import { controllerOf, type CachedPod } from './pods.ts';
import { proxyOf } from './targets.ts';
import type { CacheContents, CacheName } from './watched.ts';

export interface World {
  snapshot(): Snapshot;
  /** The pod as it is now, with the end of its controller chain. */
  pod(ref: ObjectRef): (Pod & { workload?: string }) | undefined;
  workload(ref: ObjectRef): StickyWorkload | undefined;
}

export function createWorld(caches: Caches, nowMs: () => number): World {
  const departed = createDepartedPods();
  const list = <Name extends CacheName>(name: Name): CacheContents[Name][] => caches.list(name).toSorted(byName);

  /** Pod → ReplicaSet → Deployment; a StatefulSet controls its pods itself. */
  function endOfChain({ metadata, owner }: CachedPod): Pod['controller'] {
    if (owner?.kind !== 'ReplicaSet') return owner;
    const replicaSet = caches.get('replicaSets', { namespace: metadata.namespace ?? '', name: owner.name });
    return replicaSet && controllerOf(replicaSet.metadata);
  }

  /**
   * A Deployment that is deleted takes its ReplicaSets with it at once, while their pods still drain: the chain is broken, and
   * only what injection wrote on the pod says whose it was. Sessions must find it until it is gone.
   */
  function targetByAnnotation({ metadata, workload }: CachedPod): Pod['controller'] {
    if (workload === undefined) return undefined;
    const claim = caches.get('workloads', { namespace: metadata.namespace ?? '', name: workload });
    return claim && { kind: claim.spec.targetRef.kind, name: claim.spec.targetRef.name };
  }

  function complete(cached: CachedPod): Pod {
    const controller = endOfChain(cached) ?? targetByAnnotation(cached);
    return { ...cached.pod, ...(controller && { controller }) };
  }

  const isOver = ({ phase }: Pod): boolean => phase === 'Succeeded' || phase === 'Failed';

  // The ReplicaSet of the last pod of a rollout outlives it (revisionHistoryLimit), so the chain still has its end.
  caches.onChange((name, change) => {
    if (name !== 'pods') return;
    const pod = complete(change.object as CachedPod);
    if (pod.controller && (change.type === 'DELETED' || isOver(pod))) departed.record(targetOf(pod.namespace, pod.controller), pod, nowMs());
  });

  const workloads = (): StickyWorkload[] => list('workloads');

  return {
    snapshot: () => {
      const targets = [...list('deployments'), ...list('statefulSets')];
      return {
        workloads: workloads(),
        targets: targets.map(({ target }) => target),
        pods: list('pods').map(complete),
        services: list('services').map(({ owned }) => owned),
        slices: list('slices').map(({ slice }) => slice),
        keyRings: gatherKeyRings(list('keyRings'), workloads()),
        gatewayApi: caches.gatewayApi(),
        gateways: list('gateways').map(({ gateway }) => gateway),
        httpRoutes: list('httpRoutes').map(({ owned }) => owned),
        proxies: targets.flatMap((target) => proxyOf(target) ?? []),
        existing: existingKinds.flatMap(([name, kind]) => list(name).map(({ owned }) => ({ ...owned, kind }))),
        departed: Object.fromEntries(workloads().map(({ metadata, spec }) => [keyOf(metadata), departed.of(targetOf(metadata.namespace, spec.targetRef))])),
      };
    },
    pod: (ref) => {
      const cached = caches.get('pods', ref);
      return cached && { ...complete(cached), ...(cached.workload !== undefined && { workload: cached.workload }) };
    },
    workload: (ref) => caches.get('workloads', ref),
  };
}

const existingKinds = [
  ['deployments', 'Deployment'],
  ['serviceAccounts', 'ServiceAccount'],
  ['podDisruptionBudgets', 'PodDisruptionBudget'],
] as const satisfies [CacheName, Existing['kind']][];

const targetOf = (namespace: string, { kind, name }: { kind: string; name: string }): string => `${namespace}/${kind}/${name}`;
const keyOf = ({ namespace, name }: StickyWorkload['metadata']): string => backendKey(namespace, name);

function byName(one: KubeObject, other: KubeObject): number {
  const [a, b] = [nameOf(one), nameOf(other)];
  return a < b ? -1 : Number(a > b);
}

const nameOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** The ring in a Secret; undefined where it is damaged, or belongs to an earlier StickyWorkload of the name. */
export function keyRingOf({ metadata, data = {} }: CacheContents['keyRings'], workloadUid: string): KeyRing | undefined {
  if (!metadata.ownerReferences?.some(({ uid }) => uid === workloadUid)) return undefined;
  const parsed = parseKeyRing(data);
  return parsed.kind === 'ring' ? parsed.ring : undefined;
}

/** What can be used of them. */
function gatherKeyRings(secrets: CacheContents['keyRings'][], workloads: StickyWorkload[]): Record<string, KeyRing> {
  const byKey = new Map(secrets.map((secret) => [`${secret.metadata.namespace}/${secret.metadata.name}`, secret]));
  const rings: Record<string, KeyRing> = {};
  for (const { metadata } of workloads) {
    const secret = byKey.get(`${metadata.namespace}/${keyRingName(metadata.name)}`);
    const ring = secret && keyRingOf(secret, metadata.uid);
    if (ring) rings[keyOf(metadata)] = ring;
  }
  return rings;
}
