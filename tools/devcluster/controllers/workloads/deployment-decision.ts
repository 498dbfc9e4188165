/** What a Deployment does next with its ReplicaSets. Pure; one step, whose effects bring about the next. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { copyJson } from '../../schema/json.ts';
import { controllerReference, controllerOf } from '../claims.ts';
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '../objects.ts';
import { byAge } from '../objects.ts';
import { isOver } from '../pods.ts';
import { decideDeploymentStatus, deadlineMs, hasDeadline, isComplete } from './deployment-status.ts';
import type { Sizes } from './rollout-sizes.ts';
import {
  active,
  desiredReplicasAnnotation,
  isRollingUpdate,
  maxReplicasAnnotation,
  newestSize,
  resizedSizes,
  rollingSizes,
  rolloutLimits,
  sizeOf,
  wasResized,
} from './rollout-sizes.ts';
import { sameTemplate, templateHash, templateHashLabel } from './template-hash.ts';

export type DeploymentSnapshot = {
  deployment: Deployment;
  replicaSets: readonly ReplicaSet[];
  /** Pods of these ReplicaSets. */
  pods: readonly Pod[];
};

export type DeploymentPlan = {
  create: KubeObject | undefined;
  /** Merge patches of ReplicaSets. */
  change: { replicaSet: ReplicaSet; patch: object; from: number; to: number }[];
  remove: ReplicaSet[];
  /** What the Deployment's own annotation should say. */
  revision: string | undefined;
  status: DeploymentStatus;
  /** When to look again although nothing changed. */
  deadlineMs: number | undefined;
};

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
/** What describes the Deployment itself and makes no sense on its ReplicaSets. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  'deployment.kubernetes.io/revision-history',
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
]);

const revisionOf = ({ metadata }: KubeObject): number => Number(metadata.annotations?.[revisionAnnotation] ?? 0);

export function decideDeployment(snapshot: DeploymentSnapshot, nowMs: number): DeploymentPlan {
  const { deployment, replicaSets } = snapshot;
  const newest = replicaSets.toSorted(byAge).find(({ spec }) => sameTemplate(spec.template, deployment.spec.template));
  const old = replicaSets.filter((replicaSet) => replicaSet !== newest);
  const idle = deployment.metadata.deletionTimestamp !== undefined;
  const sizes = idle ? new Map<string, number>() : decideSizes(snapshot, newest, old);
  const create = !idle && newest === undefined && mayCreate(snapshot) ? buildReplicaSet(deployment, old) : undefined;
  const status = decideDeploymentStatus(
    { deployment, newest, all: replicaSets, creating: create?.metadata.name },
    nowMs,
  );
  const revision = newest === undefined ? undefined : String(newestRevision(newest, old));
  return {
    create,
    change: idle ? [] : decideChanges(snapshot, sizes, { newest, revision }),
    remove: idle || !isComplete(deployment, status) ? [] : decideRemovals(deployment, old),
    revision: deployment.spec.paused === true ? undefined : revision,
    status,
    deadlineMs: hasDeadline(deployment) ? deadlineMs({ ...deployment, status }) : undefined,
  };
}

function decideSizes(
  { deployment, replicaSets, pods }: DeploymentSnapshot,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Sizes {
  if (deployment.spec.paused === true || wasResized(deployment, replicaSets)) {
    return resizedSizes(deployment, newest, old);
  }
  if (newest !== undefined && isRollingUpdate(deployment)) return rollingSizes(deployment, { newest, old });
  if (isRollingUpdate(deployment)) return new Map();
  const shrinking = active(old);
  if (shrinking.length > 0) return new Map(shrinking.map(({ metadata }) => [metadata.name, 0]));
  return newest === undefined || hasOldPods(pods, newest)
    ? new Map()
    : new Map([[newest.metadata.name, sizeOf(deployment)]]);
}

/** Recreate: the new pods start only when every old one has ended, not merely begun to. */
function mayCreate({ deployment, replicaSets, pods }: DeploymentSnapshot): boolean {
  // A change of size goes first: the new ReplicaSet is sized after what the old ones have become.
  if (deployment.spec.paused === true || wasResized(deployment, replicaSets)) return false;
  return isRollingUpdate(deployment) || (active(replicaSets).length === 0 && !hasOldPods(pods, undefined));
}

const hasOldPods = (pods: readonly Pod[], newest: ReplicaSet | undefined): boolean =>
  pods.some((pod) => !isOver(pod) && (newest === undefined || controllerOf(pod)?.uid !== newest.metadata.uid));

function newestRevision(newest: ReplicaSet | undefined, old: readonly ReplicaSet[]): number {
  const next = Math.max(0, ...old.map(revisionOf)) + 1;
  return newest === undefined ? next : Math.max(next, revisionOf(newest));
}

type Newest = { newest: ReplicaSet | undefined; revision: string | undefined };

/** Sizes, and what the annotations and minReadySeconds of the ReplicaSets should be. */
function decideChanges(
  { deployment, replicaSets }: DeploymentSnapshot,
  sizes: Sizes,
  { newest, revision }: Newest,
): DeploymentPlan['change'] {
  return replicaSets.flatMap((replicaSet) => {
    const from = sizeOf(replicaSet);
    const to = sizes.get(replicaSet.metadata.name) ?? from;
    const forNewest = replicaSet === newest ? newestFields(deployment, revision) : { annotations: {}, spec: {} };
    const annotations = changed(replicaSet.metadata.annotations, {
      ...forNewest.annotations,
      ...(from > 0 || to > 0 ? sizeAnnotations(deployment) : {}),
    });
    const spec = changed({ minReadySeconds: 0, replicas: 1, ...replicaSet.spec }, { ...forNewest.spec, replicas: to });
    if (Object.keys(annotations).length === 0 && Object.keys(spec).length === 0) return [];
    return [{ replicaSet, from, to, patch: { metadata: { annotations }, spec } }];
  });
}

/** What the newest ReplicaSet takes over from its Deployment; a paused one is left as it is. */
function newestFields(
  deployment: Deployment,
  revision = '1',
): { annotations: Record<string, string>; spec: Record<string, number> } {
  if (deployment.spec.paused === true) return { annotations: {}, spec: {} };
  return {
    annotations: { ...copiedAnnotations(deployment), [revisionAnnotation]: revision },
    spec: { minReadySeconds: deployment.spec.minReadySeconds ?? 0 },
  };
}

const changed = (before: Record<string, unknown> = {}, after: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(after).filter(([name, value]) => before[name] !== value));

const sizeAnnotations = (deployment: Deployment): Record<string, string> => ({
  [desiredReplicasAnnotation]: String(sizeOf(deployment)),
  [maxReplicasAnnotation]: String(sizeOf(deployment) + rolloutLimits(deployment).maxSurge),
});

const copiedAnnotations = ({ metadata }: Deployment): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => !ownAnnotations.has(name)));

function buildReplicaSet(deployment: Deployment, old: readonly ReplicaSet[]): KubeObject {
  const { namespace, name } = deployment.metadata;
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template);
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
  const oldTotal = old.reduce((sum, replicaSet) => sum + sizeOf(replicaSet), 0);
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: {
        ...copiedAnnotations(deployment),
        ...sizeAnnotations(deployment),
        [revisionAnnotation]: String(newestRevision(undefined, old)),
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: newestSize(deployment, 0, oldTotal),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...copyJson(template), metadata: { ...copyJson(template.metadata), labels } },
    },
  };
}

/** Empty old ReplicaSets beyond the history limit, the oldest revisions first. */
function decideRemovals(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const surplus = old.length - (deployment.spec.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return [];
  const oldest = old.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus);
  return oldest.filter(
    ({ metadata, spec, status }) =>
      (status?.replicas ?? 0) === 0 && spec.replicas === 0 && metadata.deletionTimestamp === undefined,
  );
}
