import { expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { sidecarOf } from '../../../../src/operator/gather/pods.ts';

const podOf = (sidecarStatus?: object, apps: object[] = []): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'cart-a' },
  spec: {
    initContainers: [{ name: 'holdfast-sidecar', env: [{ name: 'HOLDFAST_DRAIN_TIMEOUT_MS', value: '3600000' }] }],
  },
  status: {
    initContainerStatuses: sidecarStatus
      ? [
          { name: 'migrate', restartCount: 9 },
          { name: 'holdfast-sidecar', ...sidecarStatus },
        ]
      : null,
    containerStatuses: apps.map((state) => ({ name: 'app', state })),
  },
});

const running = { running: {} };
const killed = { terminated: { reason: 'OOMKilled' } };

test.each<[string, KubeObject, object]>([
  ['has not started', podOf(), { endings: 0, appRuns: false }],
  [
    'runs beside its app',
    podOf({ restartCount: 0, state: running, lastState: {} }, [running]),
    { endings: 0, appRuns: true },
  ],
  [
    'was just killed',
    podOf({ restartCount: 0, state: killed }, [running]),
    { endings: 1, lastEnd: 'OOMKilled', appRuns: true },
  ],
  [
    'was killed and waits for its restart',
    podOf({ restartCount: 0, state: { waiting: {} }, lastState: killed }),
    { endings: 1, lastEnd: 'OOMKilled', appRuns: false },
  ],
  [
    'runs again has one termination',
    podOf({ restartCount: 1, state: running, lastState: killed }),
    { endings: 1, lastEnd: 'OOMKilled', appRuns: false },
  ],
  [
    'was killed for the second time',
    podOf({ restartCount: 1, state: killed, lastState: killed }),
    { endings: 2, lastEnd: 'OOMKilled', appRuns: false },
  ],
  [
    'runs beside an app that exits again and again',
    podOf({ restartCount: 0, state: running }, [{ waiting: { reason: 'CrashLoopBackOff' } }]),
    { endings: 0, appRuns: false, crashing: { container: 'app', sidecarPort: 15_999 } },
  ],
])('the state of a sidecar that %s', (_, pod, seen) => {
  expect(sidecarOf(pod)).toEqual({ drainTimeoutMs: 3_600_000, ...seen });
});

test('a pod without a sidecar has no sidecar state', () => {
  expect(
    sidecarOf({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'cart-a' },
      spec: { initContainers: [{ name: 'migrate' }] },
    }),
  ).toBeUndefined();
});
