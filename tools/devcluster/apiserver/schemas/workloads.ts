/** Deployments, ReplicaSets, StatefulSets and disruption budgets. */
import type { Schema } from '../../schema/schema.ts';
import { podTemplate } from './pod.ts';
import {
  anything,
  bool,
  conditions,
  int32,
  int64,
  intOrString,
  kindOf,
  labelSelector,
  list,
  map,
  object,
  or,
  text,
  time,
} from './terms.ts';

const rollingUpdate = object({ maxUnavailable: intOrString, maxSurge: intOrString });

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
    replicas: int32,
    updatedReplicas: int32,
    readyReplicas: int32,
    availableReplicas: int32,
    unavailableReplicas: int32,
    terminatingReplicas: int32,
    collisionCount: int32,
    conditions,
  }),
});

export const replicaSet: Schema = kindOf({
  spec: object({ replicas: or(int32, 1), minReadySeconds: int32, selector: labelSelector, template: podTemplate }),
  status: object({
    replicas: or(int32, 0),
    fullyLabeledReplicas: int32,
    readyReplicas: int32,
    availableReplicas: int32,
    terminatingReplicas: int32,
    observedGeneration: int64,
    conditions,
  }),
});

export const statefulSet: Schema = kindOf({
  spec: or(
    object({
      replicas: or(int32, 1),
      selector: labelSelector,
      template: podTemplate,
      volumeClaimTemplates: list(anything),
      serviceName: text,
      podManagementPolicy: or(text, 'OrderedReady'),
      updateStrategy: or(
        object({
          type: or(text, 'RollingUpdate'),
          rollingUpdate: object({ partition: int32, maxUnavailable: intOrString }),
        }),
        {},
      ),
      revisionHistoryLimit: or(int32, 10),
      minReadySeconds: int32,
      persistentVolumeClaimRetentionPolicy: anything,
      ordinals: object({ start: int32 }),
    }),
    {},
  ),
  status: anything,
});

export const podDisruptionBudget: Schema = kindOf({
  spec: object({
    minAvailable: intOrString,
    maxUnavailable: intOrString,
    selector: labelSelector,
    unhealthyPodEvictionPolicy: text,
  }),
  status: or(
    object({
      observedGeneration: int64,
      disruptedPods: map(time),
      disruptionsAllowed: or(int32, 0),
      currentHealthy: or(int32, 0),
      desiredHealthy: or(int32, 0),
      expectedPods: or(int32, 0),
      conditions,
    }),
    {},
  ),
});
