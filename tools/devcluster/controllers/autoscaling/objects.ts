/** HorizontalPodAutoscaler (autoscaling/v2), as far as it is used. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { Condition, LabelSelector } from '../objects.ts';
import { reader } from '../objects.ts';
import type { ScaleTarget } from '../scale.ts';

export type MetricIdentifier = { name: string; selector?: LabelSelector };
export type MetricTarget = {
  type: string;
  value?: string | number;
  averageValue?: string | number;
  averageUtilization?: number;
};

export type MetricSpec =
  | { type: 'Resource'; resource: { name: string; target: MetricTarget } }
  | { type: 'Pods'; pods: { metric: MetricIdentifier; target: MetricTarget } }
  | { type: 'Object'; object: { describedObject: ScaleTarget; metric: MetricIdentifier; target: MetricTarget } }
  | { type: 'External'; external: { metric: MetricIdentifier; target: MetricTarget } };

export type ScalingPolicy = { type: 'Pods' | 'Percent'; value: number; periodSeconds: number };
export type ScalingRules = {
  stabilizationWindowSeconds?: number;
  selectPolicy?: 'Max' | 'Min' | 'Disabled';
  policies?: readonly ScalingPolicy[];
  tolerance?: string | number;
};

export type AutoscalerStatus = {
  currentReplicas?: number;
  desiredReplicas: number;
  lastScaleTime?: string;
  currentMetrics?: object[] | null;
  conditions?: Condition[];
};
export type Autoscaler = KubeObject & {
  spec: {
    scaleTargetRef: ScaleTarget;
    minReplicas?: number;
    maxReplicas: number;
    metrics?: readonly MetricSpec[];
    behavior?: { scaleUp?: ScalingRules; scaleDown?: ScalingRules };
  };
  status?: AutoscalerStatus;
};
export const asAutoscaler = reader<Autoscaler>('HorizontalPodAutoscaler');
