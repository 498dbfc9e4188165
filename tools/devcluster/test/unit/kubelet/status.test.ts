import { expect, test } from '@jest/globals';
import type { Container } from '../../../kubelet/pod.ts';
import type { Play } from './play.ts';
import { playPod } from './play.ts';

const app: Container = { name: 'app', image: 'shop' };
const now = '2026-01-01T00:00:00Z';

const conditionOf = (play: Play, type: string) => play.status().conditions.find((condition) => condition.type === type);

test('the status of a pod that waits for its init container', () => {
  const play = playPod({ initContainers: [{ name: 'setup', image: 'shop' }], containers: [app] });
  play.wait(0);
  expect(play.status()).toEqual({
    phase: 'Pending',
    conditions: [
      { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: now },
      {
        type: 'Initialized',
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [setup]',
        lastTransitionTime: now,
      },
      {
        type: 'Ready',
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [app]',
        lastTransitionTime: now,
      },
      {
        type: 'ContainersReady',
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [app]',
        lastTransitionTime: now,
      },
      { type: 'PodScheduled', status: 'True', lastTransitionTime: now },
    ],
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    podIP: '127.64.0.1',
    podIPs: [{ ip: '127.64.0.1' }],
    startTime: now,
    initContainerStatuses: [
      {
        name: 'setup',
        image: 'shop',
        imageID: 'shop',
        containerID: '',
        ready: false,
        started: false,
        restartCount: 0,
        state: { waiting: { reason: 'ContainerCreating' } },
        lastState: {},
      },
    ],
    containerStatuses: [
      {
        name: 'app',
        image: 'shop',
        imageID: 'shop',
        containerID: '',
        ready: false,
        started: false,
        restartCount: 0,
        state: { waiting: { reason: 'PodInitializing' } },
        lastState: {},
      },
    ],
  });
});

test('conditions of other components are kept', () => {
  const play = playPod({ containers: [app] });
  play.wait(0);
  const other = { type: 'example.com/lb', status: 'True' };
  play.change({}, { conditions: [other] });
  expect(play.status().conditions).toContainEqual(other);
});

test('a condition keeps its transition time until its status changes', () => {
  const play = playPod({ containers: [app] });
  play.wait(0);
  play.change({}, { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2025-12-31T23:59:00Z' }] });
  expect(conditionOf(play, 'Ready')?.lastTransitionTime).toBe('2025-12-31T23:59:00Z');
  play.wait(60_000);
  play.report('app', { kind: 'started' });
  expect(conditionOf(play, 'Ready')).toEqual({
    type: 'Ready',
    status: 'True',
    lastTransitionTime: '2026-01-01T00:01:00Z',
  });
});
