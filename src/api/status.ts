/** The schema of `StickyWorkload.status`. */
import type { Infer, Schema } from './schema.ts';

const count = (description: string) => ({ type: 'integer', format: 'int32', description }) as const;

const condition = {
  type: 'object',
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  properties: {
    type: { type: 'string', maxLength: 316, description: 'What it is about; see the reference of conditions.' },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether it is so.' },
    reason: {
      type: 'string',
      minLength: 1,
      maxLength: 1024,
      description: 'Why, in one word; see the reference of reasons.',
    },
    message: { type: 'string', maxLength: 32768, description: 'Why, and what to do, for people.' },
    lastTransitionTime: { type: 'string', format: 'date-time', description: 'When the status last changed.' },
    observedGeneration: { type: 'integer', format: 'int64', description: 'Generation of the spec that was judged.' },
  },
} as const satisfies Schema;

const endpoint = {
  type: 'object',
  required: ['pod', 'uid', 'state'],
  properties: {
    pod: { type: 'string', description: 'Name of the pod.' },
    uid: { type: 'string', description: 'UID of the pod: a later pod of the same name is another endpoint.' },
    state: {
      type: 'string',
      enum: ['Pending', 'Accepting', 'Draining', 'Drained', 'Lost'],
      description: 'Only an accepting pod gets new sessions.',
    },
    reason: { type: 'string', description: 'Why it is in this state.' },
    sessions: count('Sessions that the proxies count on this pod; absent while unknown.'),
    since: { type: 'string', format: 'date-time', description: 'When it came into this state.' },
    deadline: { type: 'string', format: 'date-time', description: 'When the pod goes even with sessions.' },
  },
} as const satisfies Schema;

export const statusSchema = {
  type: 'object',
  properties: {
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'Generation of the spec that this status is about.',
    },
    replicas: count('Pods of the target that accept new sessions.'),
    selector: { type: 'string', description: 'Label selector of those pods, for autoscalers.' },
    acceptingReplicas: count('Pods that accept new sessions.'),
    drainingReplicas: count('Pods that keep their sessions and get no new one.'),
    sessions: {
      type: 'object',
      description: 'Sessions, as the proxies count them.',
      properties: { active: count('Live sessions, on all pods.'), draining: count('Those of them on draining pods.') },
    },
    endpoints: {
      type: 'array',
      maxItems: 50,
      description: 'Pods that hold or may get sessions; of more than 50, those that matter most.',
      items: endpoint,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
    effectiveDrainLimit: {
      type: 'object',
      description: 'How long a pod can really be held for its sessions.',
      properties: {
        duration: { type: 'string', description: 'The limit.' },
        limitedBy: {
          type: 'string',
          description: 'What sets it: drain.timeout, or something of the cluster that is shorter.',
        },
      },
    },
    conditions: {
      type: 'array',
      maxItems: 8,
      description: 'What is well and what is not.',
      items: condition,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    },
  },
} as const satisfies Schema;

export type StickyWorkloadStatus = Infer<typeof statusSchema>;
export type Condition = Infer<typeof condition>;
export type EndpointStatus = Infer<typeof endpoint>;
