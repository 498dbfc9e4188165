import { describe, expect, test } from '@jest/globals';
import type { Container, PodSpec, RestartPolicy } from '../../../kubelet/pod.ts';
import { deletedWith, playPod } from './play.ts';

const app: Container = { name: 'app', image: 'shop' };
const held: Container = { ...app, lifecycle: { preStop: { httpGet: { port: 9000 } } } };
const sidecar = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'holdfast',
  restartPolicy: 'Always',
  ...more,
});
const started = { kind: 'started' } as const;
const exited = (exitCode: number) => ({ kind: 'exited', exitCode }) as const;
const probed = (probe: 'startup' | 'liveness' | 'readiness', isHealthy: boolean) =>
  ({ kind: 'probed', probe, isHealthy }) as const;

/** A pod whose containers are all running. */
function running(spec: PodSpec) {
  const play = playPod(spec);
  play.wait(0);
  for (const { name } of [...(spec.initContainers ?? []), ...spec.containers]) play.report(name, started);
  return play;
}

describe('start', () => {
  test('all app containers start together', () => {
    expect(playPod({ containers: [app, { ...app, name: 'other' }] }).wait(0)).toEqual([
      '0s start app',
      '0s start other',
    ]);
  });

  test('an init container starts after the previous one has succeeded, or has started if it is a sidecar', () => {
    const startupProbe = { periodSeconds: 2, failureThreshold: 3 };
    const play = playPod({
      initContainers: [{ name: 'setup', image: 'shop' }, sidecar('guard', { startupProbe })],
      containers: [app],
    });
    expect(play.wait(0)).toEqual(['0s start setup']);
    expect(play.report('setup', started)).toEqual([]);
    expect(play.report('setup', exited(0))).toEqual(['0s start guard']);
    expect(play.report('guard', started)).toEqual(['0s probe guard startup']);
    expect(play.report('guard', probed('startup', false))).toEqual([]);
    expect(play.wait(2000)).toEqual(['2s probe guard startup']);
    expect(play.status()).toMatchObject({ phase: 'Pending' });
    expect(play.report('guard', probed('startup', true))).toEqual(['2s start app']);
  });

  test('a failed start is retried after two seconds', () => {
    const play = playPod({ containers: [app] });
    play.wait(0);
    play.report('app', { kind: 'notStarted', reason: 'ErrImageNeverPull', message: 'no' });
    expect(play.status().containerStatuses).toMatchObject([
      { state: { waiting: { reason: 'ErrImageNeverPull', message: 'no' } }, restartCount: 0 },
    ]);
    expect(play.wait(2000)).toEqual(['2s start app']);
  });
});

describe('restart', () => {
  test('the first restart is immediate, later ones wait 10 s, 20 s … up to 5 min', () => {
    const play = running({ containers: [app] });
    const waits: string[] = [];
    for (let crash = 0; crash < 8; crash += 1) {
      const begin = play.report('app', exited(1)).filter((action) => action.includes('start app'));
      const later = begin.length > 0 ? [] : play.wait(300_000).filter((action) => action.includes('start app'));
      waits.push(...begin, ...later);
      play.report('app', started);
    }
    // The test waits five minutes each time; the delay is the remainder.
    expect(waits.map((text) => Number.parseInt(text, 10) % 300)).toEqual([0, 10, 20, 40, 80, 160, 0, 0]);
    expect(play.status().containerStatuses).toMatchObject([{ restartCount: 8 }]);
  });

  test('a container that ran for more than ten minutes restarts without a back-off', () => {
    const play = running({ containers: [app] });
    play.report('app', exited(1));
    play.report('app', started);
    play.wait(601_000);
    expect(play.report('app', exited(1))).toEqual(['601s start app']);
  });

  test.each<[string, RestartPolicy, number, string]>([
    ['Always restarts a container that succeeded', 'Always', 0, 'Running'],
    ['OnFailure does not restart a container that succeeded', 'OnFailure', 0, 'Succeeded'],
    ['OnFailure restarts a container that failed', 'OnFailure', 1, 'Running'],
    ['Never does not restart a container that failed', 'Never', 1, 'Failed'],
    ['Never does not restart a container that succeeded', 'Never', 0, 'Succeeded'],
  ])('the restart policy %s', (_, restartPolicy, code, phase) => {
    const play = running({ restartPolicy, containers: [app] });
    const actions = play.report('app', exited(code));
    if (phase === 'Running') {
      expect(actions).toEqual(['0s start app']);
      play.report('app', started);
    }
    expect(play.status().phase).toBe(phase);
  });

  test('with restartPolicy Never a failed init container fails the pod', () => {
    const play = playPod({
      restartPolicy: 'Never',
      initContainers: [{ name: 'setup', image: 'shop' }],
      containers: [app],
    });
    play.wait(0);
    play.report('setup', started);
    expect(play.report('setup', exited(1))).toEqual([]);
    expect(play.status().phase).toBe('Failed');
  });
});

describe('probes', () => {
  const probe = { periodSeconds: 5, failureThreshold: 2, initialDelaySeconds: 3 };

  test('probes begin after their delay, once in a period, one at a time', () => {
    const play = running({ containers: [{ ...app, readinessProbe: probe }] });
    expect(play.wait(2999)).toEqual([]);
    expect(play.wait(1)).toEqual(['3s probe app readiness']);
    expect(play.wait(20_000)).toEqual([]);
    expect(play.report('app', probed('readiness', true))).toEqual(['23s probe app readiness']);
    play.report('app', probed('readiness', true));
    expect(play.wait(5000)).toEqual(['28s probe app readiness']);
  });

  test('readiness changes by the thresholds of its probe', () => {
    const play = running({ containers: [{ ...app, readinessProbe: { ...probe, successThreshold: 2 } }] });
    const answers = [true, true, false, false, true, true].map((isHealthy) => {
      play.wait(5000);
      play.report('app', probed('readiness', isHealthy));
      return play.status().containerStatuses[0]?.ready;
    });
    expect(answers).toEqual([false, true, true, false, false, true]);
  });

  test('liveness and readiness probes begin after the startup probe', () => {
    const play = playPod({
      containers: [
        {
          ...app,
          startupProbe: { periodSeconds: 1 },
          livenessProbe: { periodSeconds: 1 },
          readinessProbe: { periodSeconds: 1 },
        },
      ],
    });
    play.wait(0);
    expect(play.report('app', started)).toEqual(['0s probe app startup']);
    expect(play.status().containerStatuses).toMatchObject([{ started: false, ready: false }]);
    expect(play.report('app', probed('startup', true))).toEqual(['0s probe app liveness', '0s probe app readiness']);
    expect(play.status().containerStatuses).toMatchObject([{ started: true, ready: false }]);
  });

  test('a failed liveness probe runs the hook and stops the container within the grace period of the probe', () => {
    const play = running({
      terminationGracePeriodSeconds: 3600,
      containers: [
        { ...held, livenessProbe: { periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 5 } },
      ],
    });
    play.wait(0);
    expect(play.report('app', probed('liveness', false))).toEqual(['0s event Killing app', '0s hook app']);
    expect(play.wait(60_000)).toEqual(['5s SIGTERM app', '7s SIGKILL app']);
    expect(play.report('app', exited(137))).toEqual(['60s start app']);
  });
});

describe('termination', () => {
  const spec: PodSpec = {
    initContainers: [sidecar('first'), sidecar('second')],
    containers: [held, { ...app, name: 'other' }],
  };

  test('all hooks start together, SIGTERM follows each, and sidecars terminate in reverse order after the apps', () => {
    const play = running(spec);
    expect(play.change(deletedWith(30))).toEqual([
      '0s event Killing first',
      '0s event Killing second',
      '0s event Killing app',
      '0s hook app',
      '0s event Killing other',
      '0s SIGTERM other',
    ]);
    play.report('other', exited(0));
    play.wait(4000);
    expect(play.report('app', { kind: 'hookOver' })).toEqual(['4s SIGTERM app']);
    expect(play.report('app', exited(0))).toEqual(['4s SIGTERM second']);
    expect(play.report('second', exited(0))).toEqual(['4s SIGTERM first']);
    expect(play.report('first', exited(0))).toEqual(['4s finish']);
    expect(play.status().phase).toBe('Succeeded');
  });

  test('at the deadline running containers get SIGTERM, and two seconds later SIGKILL', () => {
    const play = running(spec);
    play.change(deletedWith(30));
    expect(play.wait(60_000)).toEqual([
      '30s SIGTERM first',
      '30s SIGTERM second',
      '30s SIGTERM app',
      '30s SIGKILL other',
      '32s SIGKILL first',
      '32s SIGKILL second',
      '32s SIGKILL app',
    ]);
  });

  test.each([
    ['less time', 10],
    ['more time', 90],
  ])('a second delete with %s changes nothing', (_, seconds) => {
    const play = running({ containers: [held] });
    play.change(deletedWith(30));
    play.wait(5000);
    play.change(deletedWith(seconds));
    expect(play.wait(60_000)).toEqual(['30s SIGTERM app', '32s SIGKILL app']);
  });

  test('a force-deleted pod has a grace period of a second', () => {
    const play = running({ containers: [held] });
    expect(play.gone()).toEqual(['0s event Killing app', '0s hook app']);
    expect(play.wait(10_000)).toEqual(['1s SIGTERM app', '3s SIGKILL app']);
    expect(play.report('app', exited(137))).toEqual(['10s finish']);
  });

  test('a terminating pod has readiness probes, and no liveness probes', () => {
    const play = running({
      containers: [{ ...held, readinessProbe: { periodSeconds: 1 }, livenessProbe: { periodSeconds: 1 } }],
    });
    play.wait(0);
    play.change(deletedWith(30));
    expect([
      ...play.report('app', probed('liveness', false)),
      ...play.report('app', probed('readiness', true)),
    ]).toEqual([]);
    expect(play.wait(1000)).toEqual(['1s probe app readiness']);
    expect(play.status().conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  });

  test('no container of a terminating pod is restarted, not even a sidecar while an app runs', () => {
    const play = running(spec);
    play.change(deletedWith(30));
    expect(play.report('first', exited(1))).toEqual([]);
    expect(play.report('other', exited(1))).toEqual([]);
    play.report('app', exited(0));
    expect(play.report('second', exited(0))).toEqual(['0s finish']);
    expect(play.status().phase).toBe('Failed');
  });

  test('a deleted pod whose containers have not started is removed at once', () => {
    const play = playPod({ containers: [app] });
    play.wait(0);
    play.report('app', { kind: 'notStarted', reason: 'ErrImageNeverPull', message: 'no' });
    expect(play.change(deletedWith(30))).toEqual(['0s finish']);
    expect(play.status().phase).toBe('Failed');
  });

  test('a pod that is deleted before its start does not start', () => {
    expect(playPod({ containers: [app] }).change(deletedWith(30))).toEqual(['0s finish']);
  });

  test('sidecars of a completed pod are stopped', () => {
    const play = running({ restartPolicy: 'Never', initContainers: [sidecar('guard')], containers: [app] });
    expect(play.report('app', exited(0))).toEqual(['0s event Killing guard', '0s SIGTERM guard']);
    play.report('guard', exited(143));
    expect(play.status().phase).toBe('Succeeded');
    expect(play.change(deletedWith(30))).toEqual(['0s finish']);
  });
});
