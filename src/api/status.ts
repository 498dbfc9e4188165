/** The schema of `StickyWorkload.status`. */
import type { Infer, Schema } from './schema.ts';

const count = (description: string) => ({ type: 'integer', format: 'int32', description }) as const;

const condition = {
  type: 'object',
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  properties: {
    type: { type: 'string', maxLength: 316 },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: { type: 'string', minLength: 1, maxLength: 1024 },
    message: { type: 'string', maxLength: 32768 },
    lastTransitionTime: { type: 'string', format: 'date-time' },
    observedGeneration: { type: 'integer', format: 'int64' },
  },
} as const satisfies Schema;

const endpoint = {
  type: 'object',
  required: ['pod', 'uid', 'state'],
  properties: {
    pod: { type: 'string' },
    uid: { type: 'string' },
    state: { type: 'string', enum: ['Pending', 'Accepting', 'Draining', 'Drained', 'Lost'] },
    reason: { type: 'string' },
    sessions: count('Sessions that the proxies count on this pod; absent while unknown.'),
    since: { type: 'string', format: 'date-time' },
    deadline: { type: 'string', format: 'date-time', description: 'When the pod goes even with sessions.' },
  },
} as const satisfies Schema;

export const statusSchema = {
  type: 'object',
  properties: {
    observedGeneration: { type: 'integer', format: 'int64' },
    replicas: count('Pods of the target that accept new sessions.'),
    selector: { type: 'string', description: 'Label selector of those pods, for autoscalers.' },
    acceptingReplicas: count('Pods that accept new sessions.'),
    drainingReplicas: count('Pods that keep their sessions and get no new one.'),
    sessions: {
      type: 'object',
      properties: { active: count('Live sessions, on all pods.'), draining: count('Those of them on draining pods.') },
    },
    endpoints: { type: 'array', maxItems: 50, items: endpoint, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['uid'] },
    effectiveDrainLimit: {
      type: 'object',
      properties: { duration: { type: 'string' }, limitedBy: { type: 'string' } },
    },
    conditions: { type: 'array', maxItems: 8, items: condition, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] },
  },
} as const satisfies Schema;

export type StickyWorkloadStatus = Infer<typeof statusSchema>;
export type Condition = Infer<typeof condition>;
export type EndpointStatus = Infer<typeof endpoint>;
