/** The schema of `StickyWorkload.status`. */
import type { Infer, Schema } from './schema.ts';

const count = (description: string) => ({ type: 'integer', format: 'int32', description }) as const;

const condition = {
  type: 'object',
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  properties: {
    type: { type: 'string', maxLength: 316, description: 'Type of the condition; see the reference of conditions.' },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Status of the condition.' },
    reason: {
      type: 'string',
      minLength: 1,
      maxLength: 1024,
      description: 'Machine-readable reason; see the reference of reasons.',
    },
    message: { type: 'string', maxLength: 32768, description: 'Human-readable explanation, and what to do.' },
    lastTransitionTime: { type: 'string', format: 'date-time', description: 'When the status last changed.' },
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'Generation of the spec that the condition is based on.',
    },
  },
} as const satisfies Schema;

const endpoint = {
  type: 'object',
  required: ['pod', 'uid', 'state'],
  properties: {
    pod: { type: 'string', description: 'Name of the pod.' },
    uid: { type: 'string', description: 'UID of the pod. A later pod with the same name is a different endpoint.' },
    state: {
      type: 'string',
      enum: ['Pending', 'Accepting', 'Draining', 'Drained', 'Lost'],
      description: 'State of the pod. Only an Accepting pod gets new sessions.',
    },
    reason: { type: 'string', description: 'Reason for the state.' },
    sessions: count('Confirmed sessions on this pod as counted by the proxies; absent while unknown.'),
    unconfirmedSessions: count(
      'Sessions on this pod whose client has not returned with its token yet; absent while unknown.',
    ),
    since: { type: 'string', format: 'date-time', description: 'Time at which the pod entered this state.' },
    deadline: {
      type: 'string',
      format: 'date-time',
      description: 'Time at which the pod stops waiting for its sessions.',
    },
  },
} as const satisfies Schema;

export const conditions = (description: string) =>
  ({
    type: 'array',
    maxItems: 8,
    description,
    items: condition,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }) as const satisfies Schema;

export const statusSchema = {
  type: 'object',
  properties: {
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'Generation of the spec that this status is based on.',
    },
    replicas: count('Pods of the target that accept new sessions.'),
    selector: { type: 'string', description: 'Label selector of those pods, for autoscalers.' },
    acceptingReplicas: count('Pods that accept new sessions.'),
    drainingReplicas: count('Pods that keep their sessions and get no new ones.'),
    sessions: {
      type: 'object',
      description: 'Sessions as counted by the proxies.',
      properties: {
        confirmed: count('Confirmed sessions on all pods: their client has returned, or has changed something.'),
        unconfirmed: count(
          'Sessions on all pods whose client has not returned with its token yet. They count for sessionPersistence.confirmTimeout.',
        ),
        draining: count('Sessions on draining pods, confirmed or not: these pods wait for them.'),
      },
    },
    endpoints: {
      type: 'array',
      maxItems: 50,
      description: 'Pods that have or may get sessions; at most 50, draining pods first.',
      items: endpoint,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
    effectiveDrainLimit: {
      type: 'object',
      description: 'The effective limit on how long a pod is held for its sessions.',
      properties: {
        duration: { type: 'string', description: 'Effective limit, such as 1h.' },
        limitedBy: {
          type: 'string',
          description: 'Source of the limit: drain.timeout, or a shorter limit imposed by the cluster.',
        },
      },
    },
    conditions: conditions('Conditions of the StickyWorkload: Accepted, Programmed, Injected, Draining and Ready.'),
  },
} as const satisfies Schema;

export type StickyWorkloadStatus = Infer<typeof statusSchema>;
export type Condition = Infer<typeof condition>;
export type EndpointStatus = Infer<typeof endpoint>;
