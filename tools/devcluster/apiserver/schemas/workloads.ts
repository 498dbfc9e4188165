/** Deployments, ReplicaSets, StatefulSets and disruption budgets. */
import type { Schema } from '../../schema/schema.ts';
import { podTemplate } from './pod.ts';
import {
  anything,
  atomic,
  bool,
  conditions,
  each,
  int32,
  int64,
  intOrString,
  kindOf,
  list,
  labelSelector,
  map,
  object,
  or,
  text,
  time,
} from './terms.ts';

const rollingUpdate = object(each(intOrString, 'maxUnavailable maxSurge'));

export const deployment: Schema = kindOf({
  spec: or(
    object({
      replicas: or(int32, 1),
      selector: labelSelector,
      template: podTemplate,
      strategy: or(object({ type: or(text, 'RollingUpdate'), rollingUpdate }), {}),
      minReadySeconds: int32,
      revisionHistoryLimit: or(int32, 10),
      paused: bool,
      progressDeadlineSeconds: or(int32, 600),
    }),
    {},
  ),
  status: object({
    observedGeneration: int64,
    ...each(int32, 'replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas'),
    ...each(int32, 'terminatingReplicas collisionCount'),
    conditions,
  }),
});

export const replicaSet: Schema = kindOf({
  spec: object({ replicas: or(int32, 1), minReadySeconds: int32, selector: labelSelector, template: podTemplate }),
  status: object({
    replicas: or(int32, 0),
    ...each(int32, 'fullyLabeledReplicas readyReplicas availableReplicas terminatingReplicas'),
    observedGeneration: int64,
    conditions,
  }),
});

/** Stored: no controller creates its pods. */
export const statefulSet: Schema = kindOf({
  spec: { ...anything, properties: { replicas: or(int32, 1), selector: labelSelector, template: podTemplate } },
  status: anything,
});

export const horizontalPodAutoscaler: Schema = kindOf({
  spec: object({
    scaleTargetRef: object(each(text, 'apiVersion kind name')),
    ...each(int32, 'minReplicas maxReplicas'),
    metrics: atomic(list(anything)),
    behavior: anything,
  }),
  status: or(object({ ...each(int32, 'currentReplicas desiredReplicas'), conditions, currentMetrics: anything }), {}),
});

export const podDisruptionBudget: Schema = kindOf({
  spec: object({ ...each(intOrString, 'minAvailable maxUnavailable'), selector: labelSelector }),
  status: or(
    object({
      observedGeneration: int64,
      disruptedPods: map(time),
      ...each(or(int32, 0), 'disruptionsAllowed currentHealthy desiredHealthy expectedPods'),
      conditions,
    }),
    {},
  ),
});
