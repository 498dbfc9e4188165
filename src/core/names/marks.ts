/** The meaning of each Holdfast annotation and label, for the reference. */
import { annotations, labels } from './names.ts';

export type Mark = { on: string; writer: 'you' | 'Holdfast'; meaning: string };

export const marks = {
  [labels.inject]: {
    on: 'pod template',
    writer: 'you',
    meaning:
      'Set to "true" to have pods injected even before the operator has observed their StickyWorkload, for pods that are created together with it. If it does not exist yet, as when Helm applies the Deployment first, the creation of the pods waits for it for up to 7 seconds.',
  },
  [annotations.rotateKeys]: {
    on: 'Secret of the session keys',
    writer: 'you',
    meaning:
      'Rotates the session keys of all StickyWorkloads whenever the value changes, without losing a session. Any string works, for example a date.',
  },
  [annotations.workload]: {
    on: 'pod',
    writer: 'Holdfast',
    meaning: "Name of the StickyWorkload that the pod's sidecar was injected for.",
  },
  [annotations.originalGrace]: {
    on: 'pod',
    writer: 'Holdfast',
    meaning: 'terminationGracePeriodSeconds of the pod template before injection.',
  },
  [annotations.sidecarPort]: {
    on: 'pod',
    writer: 'Holdfast',
    meaning: 'Port of the sidecar, where Prometheus finds its metrics.',
  },
  [annotations.deletionCost]: {
    on: 'pod',
    writer: 'Holdfast',
    meaning:
      'A Kubernetes annotation: a ReplicaSet that scales down deletes pods with a lower cost first. Holdfast updates it in coarse bands as the number of sessions changes; a value that you set is left unchanged.',
  },
  [annotations.keysRotatedFor]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning: `The value of \`${annotations.rotateKeys}\` that the latest rotation handled.`,
  },
  [annotations.keyAddedAt]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning: 'Time at which the next signing key was added, in RFC 3339, UTC.',
  },
  [annotations.keyPromotedAt]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning: 'Time at which the current key started to sign, in RFC 3339, UTC.',
  },
  [annotations.keySettledAt]: {
    on: 'Secret of the session keys',
    writer: 'Holdfast',
    meaning:
      'Time since which every proxy signs with the current key, in RFC 3339, UTC. Older keys are removed once no token signed with them can be live.',
  },
} as const satisfies Record<string, Mark>;
