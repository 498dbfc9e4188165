/** How a pod that was deleted ends: its hooks, its signals, its time. */
import { expect } from '@jest/globals';
import { eventually } from '../case.ts';
import { pathOf } from '../objects.ts';
import { aWhile, expectSeconds } from './clock.ts';
import { askCommand } from './program.ts';
import { statusOf, type KubeletCase } from './scene.ts';

const preStop = {
  lifecycle: { preStop: { httpGet: { port: 8080, path: '/preStop' } } },
  ports: [{ containerPort: 8080 }],
};

export const stopping: KubeletCase[] = [
  ...[
    { title: 'an HTTP preStop delays SIGTERM until its response', line: 'app /preStop', hook: preStop },
    {
      title: 'an exec preStop delays SIGTERM until the command has terminated',
      line: 'app /command',
      hook: { lifecycle: { preStop: { exec: { command: askCommand('/command') } } } },
    },
  ].map(({ title, line, hook }): KubeletCase => ({
    title,
    run: async ({ container, pod }) => {
      const web = pod();
      const answer = web.hold(line);
      await web.create({ containers: [container('app', hook)] });
      await web.untilReady();
      await web.delete();
      await web.timeOf(line);
      await aWhile();
      expect(web.lines()).toEqual(['app started', line]);
      answer();
      await web.timeOf('app ended');
      expect(web.lines()).toEqual(['app started', line, 'app SIGTERM', 'app ended']);
    },
  })),
  {
    title: 'a sleep preStop delays SIGTERM by its duration',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ containers: [container('app', { lifecycle: { preStop: { sleep: { seconds: 2 } } } })] });
      await web.untilReady();
      const deletedMs = await web.delete();
      expectSeconds(deletedMs, await web.timeOf('app SIGTERM'), [2, 2]);
    },
  },
  {
    title: 'after a failed preStop the container is stopped, with an event for each',
    run: async ({ api, container, pod }) => {
      const web = pod();
      web.answer('app /command', { status: 500 });
      await web.create({
        containers: [container('app', { lifecycle: { preStop: { exec: { command: askCommand('/command') } } } })],
      });
      await web.untilReady();
      await web.delete();
      await web.timeOf('app ended');
      expect(web.lines()).toEqual(['app started', 'app /command', 'app SIGTERM', 'app ended']);
      const { body } = await eventually(
        () => api.get(pathOf(api, 'v1', 'events'), { fieldSelector: `involvedObject.name=${web.name}` }),
        ({ text }) => text.includes('FailedPreStopHook'),
      );
      expect(body.items).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ type: 'Normal', reason: 'Killing', message: 'Stopping container app' }),
          expect.objectContaining({ type: 'Warning', reason: 'FailedPreStopHook', message: 'PreStopHook failed' }),
        ]),
      );
    },
  },
  {
    title: 'without a preStop SIGTERM is sent at once, and the object is removed when the container has terminated',
    run: async ({ container, pod }) => {
      const web = pod();
      const end = web.hold('app SIGTERM');
      await web.create({ containers: [container('app')] });
      await web.untilReady();
      const deletedMs = await web.delete();
      expectSeconds(deletedMs, await web.timeOf('app SIGTERM'), [0, 0]);
      await aWhile();
      const ending = await web.until(({ metadata }) => metadata.deletionTimestamp !== undefined);
      expect(ending.metadata.deletionGracePeriodSeconds).toBe(30);
      expect(ending.status.phase).toBe('Running');
      expect(statusOf(ending, 'app')).toMatchObject({ ready: true, state: { running: {} } });
      end({ text: '0' });
      expect(await web.untilGone()).toBeGreaterThan(await web.timeOf('app ended'));
    },
  },
  {
    title: 'a container that does not terminate is killed at the end of the grace period',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app SIGTERM');
      await web.create({ terminationGracePeriodSeconds: 3, containers: [container('app')] });
      await web.untilReady();
      const deletedMs = Date.now();
      const last = await web.untilLast();
      expectSeconds(deletedMs, await web.timeOf('app ended'), [3, 3]);
      expect(last.status.phase).toBe('Failed');
      expect(statusOf(last, 'app')?.state).toMatchObject({ terminated: { exitCode: 137, reason: 'Error' } });
    },
  },
  {
    title: 'the time of a preStop is part of the grace period',
    run: async ({ container, pod }) => {
      const web = pod();
      const answer = web.hold('app /preStop');
      web.hold('app SIGTERM');
      await web.create({ terminationGracePeriodSeconds: 10, containers: [container('app', preStop)] });
      await web.untilReady();
      const deletedMs = await web.delete();
      await web.timeOf('app /preStop');
      await aWhile(8);
      answer();
      const [toldMs, endedMs] = [await web.timeOf('app SIGTERM'), await web.timeOf('app ended')];
      expectSeconds(deletedMs, endedMs, [10, 10]);
      // The two seconds that are left, and not ten.
      expect(endedMs - toldMs).toBeLessThan(7000);
    },
  },
  {
    title: 'a preStop that outlasts the grace period is abandoned: SIGTERM follows, and SIGKILL two seconds later',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app /preStop');
      web.hold('app SIGTERM');
      await web.create({ terminationGracePeriodSeconds: 2, containers: [container('app', preStop)] });
      await web.untilReady();
      const deletedMs = await web.delete();
      expectSeconds(deletedMs, await web.timeOf('app SIGTERM'), [2, 2]);
      expectSeconds(deletedMs, await web.timeOf('app ended'), [4, 4]);
    },
  },
  {
    // kubernetes/kubernetes#83916, open since 2019: the kubelet does not change a termination that has begun.
    title:
      'a second delete with a shorter grace period changes the object, but not the deadline of a container that has had SIGTERM',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app SIGTERM');
      await web.create({ terminationGracePeriodSeconds: 4, containers: [container('app')] });
      await web.untilReady();
      const deletedMs = await web.delete();
      await web.timeOf('app SIGTERM');
      await web.delete({ gracePeriodSeconds: 1 });
      const { metadata } = await web.until(() => true);
      expect(metadata.deletionGracePeriodSeconds).toBe(1);
      expectSeconds(deletedMs, await web.timeOf('app ended'), [4, 4]);
    },
  },
  {
    title: 'a second delete with a shorter grace period does not shorten a preStop',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app /preStop');
      await web.create({ terminationGracePeriodSeconds: 4, containers: [container('app', preStop)] });
      await web.untilReady();
      const deletedMs = await web.delete();
      await web.timeOf('app /preStop');
      await web.delete({ gracePeriodSeconds: 1 });
      expectSeconds(deletedMs, await web.timeOf('app SIGTERM'), [4, 4]);
    },
  },
  {
    title:
      'a terminating pod that is force-deleted is removed from the API, and its containers keep their grace period',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app /preStop');
      await web.create({ terminationGracePeriodSeconds: 4, containers: [container('app', preStop)] });
      await web.untilReady();
      const deletedMs = await web.delete();
      await web.timeOf('app /preStop');
      await web.delete({ gracePeriodSeconds: 0 });
      await web.untilGone();
      expectSeconds(deletedMs, await web.timeOf('app SIGTERM'), [4, 4]);
    },
  },
  {
    title: 'a second delete with a longer grace period calls no preStop again and changes nothing',
    run: async ({ container, pod }) => {
      const web = pod();
      const answer = web.hold('app /preStop');
      await web.create({ terminationGracePeriodSeconds: 20, containers: [container('app', preStop)] });
      await web.untilReady();
      await web.delete();
      await web.timeOf('app /preStop');
      await web.delete({ gracePeriodSeconds: 25 });
      const { metadata } = await web.until(() => true);
      expect(metadata.deletionGracePeriodSeconds).toBe(20);
      await aWhile();
      answer();
      await web.untilGone();
      expect(web.count('app /preStop')).toBe(1);
    },
  },
  {
    title: 'a force-deleted pod is removed from the API at once, and its containers are killed within seconds',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app SIGTERM');
      await web.create({ containers: [container('app', preStop)] });
      await web.untilReady();
      const deletedMs = await web.delete({ gracePeriodSeconds: 0 });
      expectSeconds(deletedMs, await web.untilGone(), [0, 0]);
      expectSeconds(deletedMs, await web.timeOf('app ended'), [0, 3]);
      expect(web.lines()).toEqual(['app started', 'app /preStop', 'app SIGTERM', 'app ended']);
    },
  },
  {
    title: 'the preStop of a terminated container is not called',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ restartPolicy: 'Never', containers: [container('app', preStop), container('other')] });
      await web.untilReady();
      web.exit('app', 0);
      await web.until((body) => statusOf(body, 'app')?.state.terminated !== undefined);
      await web.delete();
      await web.untilGone();
      expect(web.lines()).not.toContain('app /preStop');
    },
  },
  {
    title: 'the last status of a pod whose containers exited with 0 is Succeeded',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ containers: [container('app'), container('other')] });
      await web.untilReady();
      const last = await web.untilLast();
      expect(last.status.phase).toBe('Succeeded');
      for (const name of ['app', 'other']) {
        expect(statusOf(last, name)).toMatchObject({
          ready: false,
          state: { terminated: { exitCode: 0, reason: 'Completed' } },
        });
      }
    },
  },
];
