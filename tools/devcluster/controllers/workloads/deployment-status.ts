/** The status of a Deployment: what `kubectl rollout status` goes by. Pure. */
import { conditionOf, withCondition, withoutCondition } from '../conditions.ts';
import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from '../objects.ts';
import { formatTime } from '../objects.ts';
import { counted } from './replicaset-decision.ts';
import { rolloutLimits, sizeOf } from './rollout-sizes.ts';

/** A deadline of this many seconds means none. */
const noDeadline = 2 ** 31 - 1;

export type StatusInput = {
  deployment: Deployment;
  newest: ReplicaSet | undefined;
  all: readonly ReplicaSet[];
  /** The name of the ReplicaSet that is being created for a new template. */
  creating: string | undefined;
};

export function decideDeploymentStatus(input: StatusInput, nowMs: number): DeploymentStatus {
  const { deployment, newest, all } = input;
  const sum = (count: (status: NonNullable<ReplicaSet['status']>) => number | undefined) =>
    all.reduce((result, { status }) => result + (status === undefined ? 0 : (count(status) ?? 0)), 0);
  const replicas = sum((status) => status.replicas);
  const availableReplicas = sum((status) => status.availableReplicas);
  const counts = {
    replicas,
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum((status) => status.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, replicas - availableReplicas),
  };
  const status: DeploymentStatus = {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...counted(counts),
    terminatingReplicas: sum((one) => one.terminatingReplicas),
  };
  const available = stamp(deployment.status?.conditions, availableCondition(deployment, availableReplicas), nowMs);
  const progressing = withProgress(input, { ...status, conditions: available }, nowMs);
  return { ...status, conditions: withFailure(progressing, all, nowMs) };
}

/** `lastUpdateTime` moves with the reason; that is what the progress deadline counts from. */
function stamp(conditions: readonly Condition[] | undefined, condition: Condition, nowMs: number): Condition[] {
  const before = conditionOf(conditions, condition.type);
  const same = before?.status === condition.status && before.reason === condition.reason;
  return same
    ? [...(conditions ?? [])]
    : withCondition(conditions, { ...condition, lastUpdateTime: formatTime(nowMs) }, nowMs);
}

function availableCondition(deployment: Deployment, available: number): Condition {
  return available >= sizeOf(deployment) - rolloutLimits(deployment).maxUnavailable
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
}

export function hasDeadline({ spec }: Deployment): boolean {
  return (spec.progressDeadlineSeconds ?? noDeadline) !== noDeadline;
}

/**
 * Paused, complete, moving on, or out of time; undefined where what is said already still holds. A rollout that is complete stays so
 * until there is another template: pods that come and go later are no rollout.
 */
function decideProgress(
  { deployment, newest, creating }: StatusInput,
  status: DeploymentStatus,
  nowMs: number,
): Condition | undefined {
  const before = conditionOf(deployment.status?.conditions, 'Progressing');
  const pause = pauseCondition(deployment, before);
  if (pause !== undefined || deployment.spec.paused === true) return pause;
  if (creating !== undefined) return progress('True', 'NewReplicaSetCreated', `Created new replica set "${creating}"`);
  if (before?.reason === 'NewReplicaSetAvailable' && status.replicas === status.updatedReplicas) return undefined;
  return rolloutProgress(deployment, status, {
    what: subjectOf(deployment, newest),
    first: before === undefined,
    nowMs,
  });
}

const subjectOf = (deployment: Deployment, newest: ReplicaSet | undefined): string =>
  newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;

type Rollout = { what: string; first: boolean; nowMs: number };

function rolloutProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  { what, first, nowMs }: Rollout,
): Condition | undefined {
  if (isComplete(deployment, status)) {
    return progress('True', 'NewReplicaSetAvailable', `${what} has successfully progressed.`);
  }
  if (first || hasProgressed(deployment, status)) {
    return progress('True', 'ReplicaSetUpdated', `${what} is progressing.`);
  }
  const deadline = deadlineMs(deployment);
  if (deadline === undefined || deadline > nowMs) return undefined;
  return progress('False', 'ProgressDeadlineExceeded', `${what} has timed out progressing.`);
}

function withProgress(input: StatusInput, status: DeploymentStatus, nowMs: number): Condition[] {
  const { conditions = [] } = status;
  if (!hasDeadline(input.deployment)) return withoutCondition(conditions, 'Progressing');
  const decided = decideProgress(input, status, nowMs);
  if (decided === undefined) return conditions;
  // Every bit of progress starts the deadline anew.
  const moving = decided.reason === 'ReplicaSetUpdated';
  return moving
    ? withCondition(conditions, { ...decided, lastUpdateTime: formatTime(nowMs) }, nowMs)
    : stamp(conditions, decided, nowMs);
}

const progress = (status: Condition['status'], reason: string, message: string): Condition => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

function pauseCondition({ spec }: Deployment, before: Condition | undefined): Condition | undefined {
  if (before?.reason === 'ProgressDeadlineExceeded') return undefined;
  if (spec.paused === true && before?.reason !== 'DeploymentPaused') {
    return progress('Unknown', 'DeploymentPaused', 'Deployment is paused');
  }
  if (spec.paused !== true && before?.reason === 'DeploymentPaused') {
    return progress('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  }
  return undefined;
}

/** All pods are of the newest template, available, and no others are left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  const wanted = sizeOf(deployment);
  return (
    [updatedReplicas, replicas, availableReplicas].every((count) => count === wanted) &&
    observedGeneration >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed({ status: before = {} }: Deployment, now: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  const grew = (count: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): boolean =>
    (now[count] ?? 0) > (before[count] ?? 0);
  return grew('updatedReplicas') || grew('readyReplicas') || grew('availableReplicas') || old(now) < old(before);
}

/** When the rollout counts as stuck if nothing moves; undefined while none is under way. */
export function deadlineMs({ spec, status }: Deployment): number | undefined {
  const before = conditionOf(status?.conditions, 'Progressing');
  const settled = ['NewReplicaSetAvailable', 'ProgressDeadlineExceeded', 'DeploymentPaused'].includes(
    before?.reason ?? '',
  );
  if (before?.lastUpdateTime === undefined || settled || spec.progressDeadlineSeconds === undefined) return undefined;
  return Date.parse(before.lastUpdateTime) + spec.progressDeadlineSeconds * 1000;
}

function withFailure(conditions: readonly Condition[], all: readonly ReplicaSet[], nowMs: number): Condition[] {
  const failure = all
    .map(({ status }) => conditionOf(status?.conditions, 'ReplicaFailure'))
    .find((condition) => condition !== undefined);
  return failure === undefined ? withoutCondition(conditions, 'ReplicaFailure') : stamp(conditions, failure, nowMs);
}
