/** The volume with the token by which a sidecar or a proxy authenticates to the operator, valid for the whole drain of its pod. */
import { tokenAudience } from '../names/names.ts';

export const tokenVolume = 'holdfast-token';

const daySeconds = 24 * 3600;
/** The kubelet checks a pod's token at least every minute and a half, plus jitter. */
const slackSeconds = 300;

/**
 * The kubelet does not renew the token of a terminating pod (it prepares volumes only for pods that may still start containers), so the
 * last token must be valid for the whole drain: without it a sidecar cannot learn that the sessions have ended, and a proxy cannot report
 * those that it still has; pods are held until their deadline. The token of a running pod is renewed after four fifths of its lifetime, or
 * after a day if that is earlier; only the remaining lifetime is certain.
 *
 *     lifetime T, left when it is renewed: max(T / 5, T − 24 h) ≥ grace + slack   ⟹   T = min(5 × (grace + slack), 24 h + grace + slack)
 *
 * The token is invalid once the pod is deleted.
 */
const lifetimeSeconds = (graceSeconds: number): number =>
  Math.min(5 * (graceSeconds + slackSeconds), daySeconds + graceSeconds + slackSeconds);

/** A projected volume, not an emptyDir: local storage would prevent the Cluster Autoscaler from removing the node. `graceSeconds`: of the pod. */
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
