/** The next step of a Deployment: the arithmetic of kube-controller-manager's rolling update. Pure; the effects of one step lead to the next. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { copyJson } from '../../schema/json.ts';
import { withCondition } from '../conditions.ts';
import { resolveCount } from '../int-or-percent.ts';
import type { Condition, Deployment, ReplicaSet } from '../objects.ts';
import { byAge } from '../objects.ts';
import { controllerReference } from '../owners.ts';
import { sameTemplate, templateHash, templateHashLabel } from './template-hash.ts';

export type DeploymentPlan = {
  create: KubeObject | undefined;
  resize: { replicaSet: ReplicaSet; replicas: number }[];
  status: object;
};

export function decideDeployment(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  nowMs: number,
): DeploymentPlan {
  const status = decideStatus(deployment, replicaSets, nowMs);
  if (deployment.metadata.deletionTimestamp !== undefined) return { create: undefined, resize: [], status };
  const newest = findNewest(deployment, replicaSets);
  if (newest === undefined) return { create: buildReplicaSet(deployment, replicaSets), resize: [], status };
  const old = replicaSets.filter((replicaSet) => replicaSet !== newest);
  return { create: undefined, resize: decideSizes(deployment, newest, old), status };
}

const findNewest = (deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  replicaSets.toSorted(byAge).find(({ spec }) => sameTemplate(spec.template, deployment.spec.template));

const sizeOf = ({ spec }: ReplicaSet | Deployment): number => spec.replicas ?? 1;
const total = (replicaSets: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number): number =>
  replicaSets.reduce((sum, replicaSet) => sum + count(replicaSet), 0);
/** A ReplicaSet that was just scaled down may not have updated its status: its surplus pods terminate, and do not count. */
const availableOf = (replicaSet: ReplicaSet): number =>
  Math.min(replicaSet.status?.availableReplicas ?? 0, sizeOf(replicaSet));

/** Surge is rounded up and unavailability down. If both are 0, no step is possible: then one pod may be unavailable. */
function rolloutLimits({ spec }: Deployment): { maxSurge: number; maxUnavailable: number } {
  const replicas = spec.replicas ?? 1;
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = resolveCount(maxSurge, replicas, 'up');
  const unavailable = resolveCount(maxUnavailable, replicas, 'down');
  return { maxSurge: surge, maxUnavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
}

/** The size of the newest ReplicaSet after the next step. */
function newestSize(deployment: Deployment, newestNow: number, allNow: number): number {
  const wanted = sizeOf(deployment);
  if (newestNow >= wanted) return wanted;
  const room = wanted + rolloutLimits(deployment).maxSurge - allNow;
  return room <= 0 ? newestNow : newestNow + Math.min(room, wanted - newestNow);
}

/** The newest grows; if it cannot, the old ones shrink as far as enough pods stay available. */
function decideSizes(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): DeploymentPlan['resize'] {
  const all = [newest, ...old];
  const grown = newestSize(deployment, sizeOf(newest), total(all, sizeOf));
  if (grown !== sizeOf(newest)) return [{ replicaSet: newest, replicas: grown }];
  const minAvailable = sizeOf(deployment) - rolloutLimits(deployment).maxUnavailable;
  const newestUnavailable = sizeOf(newest) - availableOf(newest);
  const removable = total(all, sizeOf) - minAvailable - newestUnavailable;
  if (removable <= 0) return [];
  // First the unavailable pods; what remains of the budget is limited by the pods that are available.
  const left = shrink(old.toSorted(byAge), removable, (one) => sizeOf(one) - availableOf(one));
  const spare = total(all, availableOf) - minAvailable;
  return shrink(left, spare, sizeOf).flatMap((replicaSet) => {
    const before = old.find(({ metadata }) => metadata.name === replicaSet.metadata.name);
    return before === undefined || sizeOf(before) === sizeOf(replicaSet)
      ? []
      : [{ replicaSet: before, replicas: sizeOf(replicaSet) }];
  });
}

function shrink(
  replicaSets: readonly ReplicaSet[],
  budget: number,
  removableFrom: (replicaSet: ReplicaSet) => number,
): ReplicaSet[] {
  let left = budget;
  return replicaSets.map((replicaSet) => {
    const removed = Math.max(0, Math.min(left, removableFrom(replicaSet)));
    left -= removed;
    return { ...replicaSet, spec: { ...replicaSet.spec, replicas: sizeOf(replicaSet) - removed } };
  });
}

function buildReplicaSet(deployment: Deployment, old: readonly ReplicaSet[]): KubeObject {
  const { namespace, name } = deployment.metadata;
  const { template, selector } = deployment.spec;
  const hash = templateHash(template);
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: newestSize(deployment, 0, total(old, sizeOf)),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...copyJson(template), metadata: { ...copyJson(template.metadata), labels } },
    },
  };
}

/** What `kubectl rollout status` and `kubectl wait --for=condition=Available` read. Counts of 0 are absent, as with Go's `omitempty`. */
function decideStatus(deployment: Deployment, all: readonly ReplicaSet[], nowMs: number): object {
  const replicas = total(all, ({ status }) => status?.replicas ?? 0);
  const availableReplicas = total(all, ({ status }) => status?.availableReplicas ?? 0);
  const counts = {
    replicas,
    updatedReplicas: findNewest(deployment, all)?.status?.replicas ?? 0,
    readyReplicas: total(all, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, replicas - availableReplicas),
  };
  const isAvailable = availableReplicas >= sizeOf(deployment) - rolloutLimits(deployment).maxUnavailable;
  return {
    observedGeneration: deployment.metadata.generation,
    ...withoutZeros(counts),
    terminatingReplicas: total(all, ({ status }) => status?.terminatingReplicas ?? 0),
    conditions: withCondition(deployment.status?.conditions, availableCondition(isAvailable), nowMs),
  };
}

export const withoutZeros = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

const availableCondition = (isAvailable: boolean): Condition =>
  isAvailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
