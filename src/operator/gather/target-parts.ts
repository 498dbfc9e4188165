/** The part of the Snapshot that is of Deployments and StatefulSets: targets, proxies and what else has a name that Holdfast may use. */
import { targetKey } from '../../core/names/names.ts';
import type { Existing, Snapshot } from '../../core/snapshot/snapshot.ts';
import type { Caches } from './caches.ts';
import { rememberDeleted } from './deleted-objects.ts';
import type { KeptLists } from './kept-lists.ts';
import { proxyOf } from './targets.ts';
import type { CacheContents, CacheName } from './watched.ts';

type TargetParts = Pick<Snapshot, 'targets' | 'deletedTargets' | 'proxies' | 'autoscaler'>;

/** `claimed`: the targets of StickyWorkloads, by `targetKey`. */
export function createTargetParts(caches: Pick<Caches, 'onChange'>, { of, derive }: KeptLists) {
  // Most are created again, as to change an immutable field with `kubectl delete --cascade=orphan`. Until then only the last state shows the
  // ports and names of their pods.
  const deletedDeployments = rememberDeleted(caches, 'deployments');
  const deletedSets = rememberDeleted(caches, 'statefulSets');

  function join(claimed: ReadonlySet<string>): TargetParts {
    const isClaimed = ({ target }: CacheContents['deployments']) => claimed.has(targetKey(target.namespace, target));
    const deleted = [...deletedDeployments.list(isClaimed), ...deletedSets.list(isClaimed)];
    const all = [...of('deployments'), ...of('statefulSets')];
    const autoscaler = all.find((target) => target.autoscaler)?.autoscaler;
    return {
      targets: all.map(({ target }) => target),
      deletedTargets: deleted.map(({ target }) => target),
      proxies: all.flatMap((target) => proxyOf(target) ?? []),
      ...(autoscaler && { autoscaler }),
    };
  }

  return {
    parts: (claimed: ReadonlySet<string>): TargetParts =>
      derive('targets', [of('deployments'), of('statefulSets'), claimed], () => join(claimed)),
    deletedSet: (ref: { namespace: string; name: string }) => deletedSets.find(ref),
  };
}

const existingKinds = [
  ['deployments', 'Deployment'],
  ['serviceAccounts', 'ServiceAccount'],
  ['podDisruptionBudgets', 'PodDisruptionBudget'],
] as const satisfies [CacheName, Existing['kind']][];

export const existingObjects = ({ of, derive }: KeptLists): Existing[] =>
  derive(
    'existing',
    existingKinds.map(([name]) => of(name)),
    () => existingKinds.flatMap(([name, kind]) => of(name).map(({ owned }) => ({ ...owned, kind }))),
  );
