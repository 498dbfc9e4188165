/** What each annotation and label of ours means, for the reference. */
import { annotations, labels } from './names.ts';

export type Mark = { on: string; writer: 'you' | 'Holdfast'; meaning: string };

export const marks = {
  [labels.inject]: {
    on: 'pod template',
    writer: 'you',
    meaning:
      'With the value "true" the webhook sees the pods even before the operator has seen their StickyWorkload. For pods that are created in the same breath as it.',
  },
  [annotations.rotateKeys]: {
    on: 'StickyWorkload',
    writer: 'you',
    meaning: 'Whenever the value changes, the session keys are rotated; any text will do, a date for instance.',
  },
  [annotations.workload]: {
    on: 'pod',
    writer: 'Holdfast',
    meaning: 'The StickyWorkload that the sidecar of the pod was made for.',
  },
  [annotations.originalGrace]: {
    on: 'pod',
    writer: 'Holdfast',
    meaning: 'The termination grace, in seconds, that the pod template asked for.',
  },
  [annotations.deletionCost]: {
    on: 'pod',
    writer: 'Holdfast',
    meaning:
      "Kubernetes' own: of two pods of a ReplicaSet the one with the lower cost goes first. It follows the sessions of the pod in coarse bands; one that you wrote is left alone.",
  },
  [annotations.keysRotatedFor]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning: `The value of \`${annotations.rotateKeys}\` for which keys were rotated last.`,
  },
  [annotations.keyAddedAt]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning: 'When the key that signs next was added, RFC 3339 in UTC.',
  },
  [annotations.keyPromotedAt]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning: 'When the key that signs now began to, RFC 3339 in UTC.',
  },
  [annotations.keySettledAt]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning:
      'Since when every proxy signs with it, RFC 3339 in UTC: older keys go when no token of theirs can be alive any more.',
  },
} as const satisfies Record<string, Mark>;
