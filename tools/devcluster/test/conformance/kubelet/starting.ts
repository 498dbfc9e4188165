/** The order in which containers start, and restarts. */
import { expect } from '@jest/globals';
import { aWhile } from './clock.ts';
import { conditionsOf, statusOf, type KubeletCase } from './scene.ts';

const startupProbe = { httpGet: { port: 8081, path: '/probe' }, periodSeconds: 1, failureThreshold: 60 };

export const starting: KubeletCase[] = [
  {
    title: 'init containers run in turn, and the app after them',
    run: async ({ container, pod }) => {
      const web = pod();
      const first = web.hold('first started');
      web.answer('second started', { text: '0' });
      await web.create({ initContainers: [container('first'), container('second')], containers: [container('app')] });
      await web.timeOf('first started');
      await aWhile();
      const { status } = await web.until((body) => statusOf(body, 'first')?.state.running !== undefined);
      expect(status).toMatchObject({
        phase: 'Pending',
        containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }],
      });
      expect(web.lines()).toEqual(['first started']);
      first({ text: '0' });
      await web.untilReady();
      expect(web.lines()).toEqual(['first started', 'first ended', 'second started', 'second ended', 'app started']);
    },
  },
  {
    title: 'the app starts when the startup probe of the sidecar has passed',
    run: async ({ container, pod }) => {
      const web = pod();
      web.answer('sidecar /probe', { status: 503 });
      await web.create({
        initContainers: [
          container('sidecar', { restartPolicy: 'Always', startupProbe, ports: [{ containerPort: 8081 }] }),
        ],
        containers: [container('app')],
      });
      await web.timeOf('sidecar /probe', 2);
      const waiting = await web.until((body) => statusOf(body, 'sidecar')?.state.running !== undefined);
      expect(statusOf(waiting, 'sidecar')).toMatchObject({ ready: false, started: false });
      expect(web.lines()).toEqual(['sidecar started']);
      web.answer('sidecar /probe', { status: 200 });
      const ready = await web.untilReady();
      expect(statusOf(ready, 'sidecar')).toMatchObject({ ready: true, started: true });
      expect(web.lines()).toEqual(['sidecar started', 'app started']);
    },
  },
  {
    title: 'a failed init container is restarted, and the pod stays pending',
    run: async ({ container, pod }) => {
      const web = pod();
      web.answer('first started', { text: '4' });
      await web.create({ initContainers: [container('first')], containers: [container('app')] });
      await web.timeOf('first started', 2);
      const failed = await web.until((body) => statusOf(body, 'first')?.restartCount === 1);
      expect(failed.status.phase).toBe('Pending');
      expect(statusOf(failed, 'first')?.lastState).toMatchObject({ terminated: { exitCode: 4, reason: 'Error' } });
      expect(conditionsOf(failed)).toContainEqual(
        expect.objectContaining({ type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' }),
      );
      expect(web.count('app started')).toBe(0);
    },
  },
  {
    title: 'with restartPolicy Never a failed init container fails the pod',
    run: async ({ container, pod }) => {
      const web = pod();
      web.answer('first started', { text: '4' });
      await web.create({
        restartPolicy: 'Never',
        initContainers: [container('first')],
        containers: [container('app')],
      });
      const { status } = await web.until((body) => body.status.phase === 'Failed');
      expect(status).toMatchObject({
        initContainerStatuses: [{ state: { terminated: { exitCode: 4 } } }],
        containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }],
      });
    },
  },
  {
    title: 'a terminated container is restarted at once, and the second time after a back-off of 10 s',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ containers: [container('app')] });
      await web.untilReady();
      web.exit('app', 3);
      const restarted = await web.until(
        (body) => statusOf(body, 'app')?.restartCount === 1 && statusOf(body, 'app')?.ready === true,
      );
      expect(statusOf(restarted, 'app')).toMatchObject({
        state: { running: {} },
        lastState: { terminated: { exitCode: 3, reason: 'Error' } },
      });
      await web.timeOf('app started', 2);
      web.exit('app', 0);
      const waiting = await web.until((body) => statusOf(body, 'app')?.state.waiting !== undefined);
      expect(waiting.status.phase).toBe('Running');
      expect(statusOf(waiting, 'app')).toMatchObject({
        ready: false,
        started: false,
        restartCount: 1,
        state: {
          waiting: {
            reason: 'CrashLoopBackOff',
            message: expect.stringMatching(
              new RegExp(`^back-off 10s restarting failed container=app pod=${web.name}_`),
            ),
          },
        },
        lastState: { terminated: { exitCode: 0, reason: 'Completed' } },
      });
    },
  },
  {
    title: 'with restartPolicy Never a pod succeeds when all its containers have',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ restartPolicy: 'Never', containers: [container('app'), container('other')] });
      await web.untilReady();
      web.exit('app', 0);
      const half = await web.until((body) => statusOf(body, 'app')?.state.terminated !== undefined);
      expect(half.status.phase).toBe('Running');
      expect(conditionsOf(half)).toContainEqual(
        expect.objectContaining({
          type: 'Ready',
          status: 'False',
          reason: 'ContainersNotReady',
          message: 'containers with unready status: [app]',
        }),
      );
      web.exit('other', 0);
      const whole = await web.until((body) => body.status.phase === 'Succeeded');
      expect(conditionsOf(whole)).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'False', reason: 'PodCompleted' }),
      );
    },
  },
  {
    title: 'with restartPolicy Never a pod fails when one of its containers has',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ restartPolicy: 'Never', containers: [container('app'), container('other')] });
      await web.untilReady();
      web.exit('app', 7);
      web.exit('other', 0);
      const failed = await web.until((body) => body.status.phase === 'Failed');
      expect(statusOf(failed, 'app')?.state).toMatchObject({ terminated: { exitCode: 7, reason: 'Error' } });
      expect(conditionsOf(failed)).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'False', reason: 'PodFailed' }),
      );
    },
  },
  {
    title: 'with restartPolicy OnFailure only a failed container is restarted',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ restartPolicy: 'OnFailure', containers: [container('app'), container('other')] });
      await web.untilReady();
      web.exit('app', 1);
      web.exit('other', 0);
      const restarted = await web.until(
        (body) => statusOf(body, 'app')?.restartCount === 1 && statusOf(body, 'other')?.state.terminated !== undefined,
      );
      expect(statusOf(restarted, 'other')).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 0 } } });
      await aWhile();
      expect([web.count('app started'), web.count('other started')]).toEqual([2, 1]);
    },
  },
];
