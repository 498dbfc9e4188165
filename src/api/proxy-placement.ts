/** The part of `HoldfastProxy.spec` that says on which nodes proxies run. */
import { objectName } from './grammar.ts';
import { textMap, type Schema } from './schema.ts';

const text = (description: string, maxLength: number) => ({ type: 'string', maxLength, description }) as const;

const tolerations = {
  type: 'array',
  maxItems: 32,
  description: 'Taints of nodes on which proxies may run, as in a Pod.',
  items: {
    type: 'object',
    properties: {
      key: text('Key of the taint. Unset, with operator Exists: every taint.', 316),
      operator: {
        type: 'string',
        enum: ['Exists', 'Equal'],
        description: 'Exists: any value of the taint. Unset: Equal.',
      },
      value: text('Value of the taint.', 63),
      effect: {
        type: 'string',
        enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
        description: 'Effect of the taint. Unset: every effect.',
      },
      tolerationSeconds: {
        type: 'integer',
        format: 'int64',
        description: 'How long a proxy stays on a node with a taint of effect NoExecute. Unset: indefinitely.',
      },
    },
  },
} as const satisfies Schema;

export const placement = {
  nodeSelector: textMap('Labels of the nodes on which proxies run.', 63),
  tolerations,
  affinity: {
    type: 'object',
    properties: {},
    'x-kubernetes-preserve-unknown-fields': true,
    description:
      'nodeAffinity, podAffinity and podAntiAffinity, as in a Pod. Without podAntiAffinity the scheduler prefers to spread the proxies over nodes and zones. The API server checks it with the Deployment; the Gateway reports a refusal.',
  },
  priorityClassName: objectName('PriorityClass of the pods.'),
} as const;
