/** Keeps the status of PodDisruptionBudgets, which the eviction endpoint decides by. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { podDisruptionBudgets, pods, replicaSets } from '../../../../src/kube/resources.ts';
import type { ClusterChange } from '../../cluster-api.ts';
import { isSameJson } from '../../schema/json.ts';
import { controllerOf } from '../claims.ts';
import type { Controller, Tools } from '../controller.ts';
import { isRefusal, unlessGone } from '../controller.ts';
import type { Pod } from '../objects.ts';
import { asDisruptionBudget, asPod, keyOf, refOf } from '../objects.ts';
import type { Recheck } from '../queue.ts';
import { matchesSelector } from '../selectors.ts';
import type { ScaleReader } from '../scale.ts';
import { decideDisruption } from './disruption-decision.ts';

export function createDisruptionController({ api, clock }: Tools, readScale: ScaleReader): Controller {
  async function reconcile(key: string): Promise<Recheck | undefined> {
    const found = api.get(podDisruptionBudgets, refOf(key));
    if (found === undefined) return undefined;
    const budget = asDisruptionBudget(found);
    const { namespace = '' } = budget.metadata;
    const matching = api
      .list(pods, namespace)
      .map(asPod)
      .filter(({ metadata }) => matchesSelector(budget.spec.selector, metadata.labels));
    const { status, nextExpiryMs } = decideDisruption(
      { budget, pods: matching, scale: await totalScale(namespace, matching) },
      clock.nowMs(),
    );
    // With the version that was read: an eviction in between must not be forgotten.
    if (!isSameJson(status, budget.status)) {
      await unlessGone(api.update(podDisruptionBudgets, { ...budget, status }, 'status'));
    }
    return nextExpiryMs === undefined ? undefined : { recheckAfterMs: nextExpiryMs - clock.nowMs() };
  }

  async function totalScale(namespace: string, matching: readonly Pod[]): Promise<number> {
    const owners = new Map<string, Owner>();
    for (const pod of matching) {
      const owner = topOwner(namespace, pod);
      if (owner !== undefined) owners.set(owner.uid, owner);
    }
    const scales = await Promise.all([...owners.values()].map((owner) => replicasOf(namespace, owner)));
    return scales.reduce((sum, replicas) => sum + replicas, 0);
  }

  /** Owners that are gone, and those without a scale (a Job), expect no pods. */
  async function replicasOf(namespace: string, owner: Owner): Promise<number> {
    try {
      return (await readScale(namespace, owner)).spec.replicas ?? 0;
    } catch (error) {
      if (isRefusal(error, 'NotFound')) return 0;
      throw error;
    }
  }

  type Owner = NonNullable<ReturnType<typeof controllerOf>>;

  /** A pod of a Deployment counts by the Deployment's size, which in a rollout differs from its ReplicaSets'. */
  function topOwner(namespace: string, pod: KubeObject): Owner | undefined {
    const owner = controllerOf(pod);
    const replicaSet = owner?.kind === 'ReplicaSet' ? api.get(replicaSets, { namespace, name: owner.name }) : undefined;
    return (replicaSet === undefined ? undefined : controllerOf(replicaSet)) ?? owner;
  }

  function budgetsFor({ object, old }: ClusterChange): string[] {
    const budgets = api.list(podDisruptionBudgets, object.metadata.namespace).map(asDisruptionBudget);
    const touches = (pod: KubeObject | undefined) => (budget: (typeof budgets)[number]) =>
      pod !== undefined && matchesSelector(budget.spec.selector, pod.metadata.labels);
    return budgets.filter((budget) => touches(object)(budget) || touches(old)(budget)).map(keyOf);
  }

  return {
    name: 'disruption-controller',
    watches: [
      { resource: podDisruptionBudgets, keys: ({ object }) => [keyOf(object)] },
      { resource: pods, keys: budgetsFor },
    ],
    reconcile,
  };
}
