import { expect, test } from '@jest/globals';
import { defaultProxySpec } from '../../../../src/api/holdfastproxy.ts';
import { renderProxyPod } from '../../../../src/core/render/proxy-pod.ts';
import { fc } from '../../../support/fast-check.ts';

const params = {
  image: 'holdfast:1',
  imagePullPolicy: 'IfNotPresent',
  caPem: 'ca',
  discoveryHost: 'd',
  serverName: 's',
} as const;

test('a proxy has a token that is valid for its whole drain, whenever it is deleted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 168 * 3600 }), (drainSeconds) => {
      const spec = { ...defaultProxySpec, drainTimeout: `${drainSeconds}s` };
      const pod = renderProxyPod({ namespace: 'shop', name: 'holdfast' }, params, spec);
      const projected = pod.volumes.flatMap((volume) => ('projected' in volume ? volume.projected.sources : []));
      const [lifetimeSeconds = 0] = projected.map(({ serviceAccountToken }) => serviceAccountToken.expirationSeconds);
      // The kubelet renews it after four fifths or a day, checks every minute and a half, and does not renew it once the pod is being deleted.
      const oldestSeconds = Math.min(0.8 * lifetimeSeconds, 24 * 3600) + 90;
      expect(lifetimeSeconds - oldestSeconds).toBeGreaterThanOrEqual(pod.terminationGracePeriodSeconds);
    }),
  );
});
