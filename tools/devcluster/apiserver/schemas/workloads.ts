/** Deployments, ReplicaSets, StatefulSets, autoscalers and disruption budgets. */
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

const metricTarget = object({ type: text, value: intOrString, averageValue: intOrString, averageUtilization: int32 });
const metric = object({ name: text, selector: labelSelector });
const crossVersionReference = object({ kind: text, name: text, apiVersion: text });
const scalingRules = object({
  stabilizationWindowSeconds: int32,
  selectPolicy: or(text, 'Max'),
  policies: list(object({ type: text, value: int32, periodSeconds: int32 })),
  tolerance: intOrString,
});

export const horizontalPodAutoscaler: Schema = kindOf({
  spec: object({
    scaleTargetRef: crossVersionReference,
    minReplicas: or(int32, 1),
    maxReplicas: int32,
    metrics: or(
      list(
        object({
          type: text,
          resource: object({ name: text, target: metricTarget }),
          containerResource: object({ name: text, container: text, target: metricTarget }),
          pods: object({ metric, target: metricTarget }),
          object: object({ describedObject: crossVersionReference, metric, target: metricTarget }),
          external: object({ metric, target: metricTarget }),
        }),
      ),
      [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
    ),
    behavior: object({ scaleUp: scalingRules, scaleDown: scalingRules }),
  }),
  status: or(
    object({
      observedGeneration: int64,
      lastScaleTime: time,
      currentReplicas: int32,
      desiredReplicas: or(int32, 0),
      currentMetrics: { type: 'array', nullable: true, items: anything },
      conditions,
    }),
    {},
  ),
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
