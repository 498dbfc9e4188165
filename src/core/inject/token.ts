/**
 * The token by which a sidecar is known to the operator.
 *
 * The kubelet renews no token of a pod that ends (it prepares volumes only of pods that may still start containers), so the last one must serve
 * the whole drain: without it nobody says when the sessions are over, and the pod is held to its limit. A pod that lives has its token renewed
 * after four fifths of its lifetime, or after a day where that comes first: what is left then is all that is sure.
 *
 *     lifetime T, left when it is renewed: max(T / 5, T − 24 h) ≥ grace + slack   ⟹   T = min(5 × (grace + slack), 24 h + grace + slack)
 *
 * It is no power over anything but this pod's own drain, and ends with the pod.
 */
import { tokenAudience } from '../names/names.ts';
import type { VolumeJson } from './pod.ts';

export const tokenVolume = 'holdfast-token';

const daySeconds = 24 * 3600;
/** The kubelet looks at a pod's token each minute and a half at the latest, and has its own jitter. */
const slackSeconds = 300;

const lifetimeSeconds = (graceSeconds: number): number =>
  Math.min(5 * (graceSeconds + slackSeconds), daySeconds + graceSeconds + slackSeconds);

/** A projected volume, not an emptyDir: local storage would keep the cluster autoscaler from removing the node. `graceSeconds`: of the pod. */
export const renderTokenVolume = (graceSeconds: number) => ({
  name: tokenVolume,
  projected: {
    sources: [
      {
        serviceAccountToken: {
          audience: tokenAudience,
          expirationSeconds: lifetimeSeconds(graceSeconds),
          path: 'token',
        },
      },
    ],
  },
});

export const isTokenVolume = ({ name, projected }: VolumeJson): boolean =>
  name === tokenVolume &&
  (projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken?.audience === tokenAudience) ?? false);
