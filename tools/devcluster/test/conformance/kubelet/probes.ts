/** What probes do to containers, and when they are asked. */
import { expect } from '@jest/globals';
import { aWhile, expectSeconds } from './clock.ts';
import { conditionsOf, isReady, statusOf, type KubeletCase } from './scene.ts';

const ports = [{ name: 'web', containerPort: 8080 }];
/** Two failures: the first probe may come before the program listens. */
const probe = (path: string, more = {}) => ({
  httpGet: { port: 'web', path },
  periodSeconds: 1,
  timeoutSeconds: 5,
  failureThreshold: 2,
  ...more,
});

export const probes: KubeletCase[] = [
  {
    title: 'a container is ready while its readiness probe succeeds, and keeps running while it fails',
    run: async ({ container, pod }) => {
      const web = pod();
      web.answer('app /probe', { status: 503 });
      await web.create({ containers: [container('app', { ports, readinessProbe: probe('/probe') })] });
      await web.timeOf('app /probe');
      const unready = await web.until((body) => body.status.phase === 'Running');
      expect(isReady(unready)).toBe(false);
      expect(statusOf(unready, 'app')).toMatchObject({ ready: false, started: true });
      web.answer('app /probe', { status: 204 });
      await web.untilReady();
      web.answer('app /probe', { status: 503 });
      const lost = await web.until((body) => !isReady(body));
      expect(statusOf(lost, 'app')).toMatchObject({ ready: false, restartCount: 0, state: { running: {} } });
    },
  },
  {
    title:
      'a container that fails its liveness probe gets its preStop, SIGTERM, and SIGKILL after the grace period of the probe, and is restarted',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app SIGTERM');
      const lifecycle = { preStop: { httpGet: { port: 8080, path: '/preStop' } } };
      await web.create({
        containers: [
          container('app', { ports, lifecycle, livenessProbe: probe('/probe', { terminationGracePeriodSeconds: 2 }) }),
        ],
      });
      await web.untilReady();
      const sickMs = Date.now();
      web.answer('app /probe', { status: 500 });
      await web.timeOf('app SIGTERM');
      expect(web.lines()).toEqual(['app started', 'app /preStop', 'app SIGTERM']);
      web.answer('app /probe', { status: 200 });
      // The grace, after one probe or two.
      expectSeconds(sickMs, await web.timeOf('app ended'), [2, 4]);
      const restarted = await web.until((body) => statusOf(body, 'app')?.restartCount === 1);
      expect(statusOf(restarted, 'app')?.lastState).toMatchObject({ terminated: { exitCode: 137, reason: 'Error' } });
    },
  },
  {
    title: 'a container that fails its startup probe is restarted',
    run: async ({ container, pod }) => {
      const web = pod();
      web.answer('app /probe', { status: 500 });
      await web.create({ containers: [container('app', { ports, startupProbe: probe('/probe') })] });
      await web.timeOf('app SIGTERM');
      web.answer('app /probe', { status: 200 });
      const restarted = await web.until((body) => isReady(body));
      expect(statusOf(restarted, 'app')).toMatchObject({
        restartCount: 1,
        started: true,
        lastState: { terminated: { exitCode: 0, reason: 'Completed' } },
      });
    },
  },
  {
    title: 'a container has no other probes before its startup probe has succeeded',
    run: async ({ container, pod }) => {
      const web = pod();
      web.answer('app /probe-startup', { status: 503 });
      const asked = {
        startupProbe: probe('/probe-startup', { failureThreshold: 60 }),
        livenessProbe: probe('/probe-live'),
        readinessProbe: probe('/probe-ready'),
      };
      await web.create({ containers: [container('app', { ports, ...asked })] });
      await web.timeOf('app /probe-startup', 3);
      expect([web.count('app /probe-live'), web.count('app /probe-ready')]).toEqual([0, 0]);
      web.answer('app /probe-startup', { status: 200 });
      await web.untilReady();
      await web.timeOf('app /probe-live');
    },
  },
  {
    title: 'a terminating container has readiness probes, and no liveness probes',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app SIGTERM');
      await web.create({
        containers: [
          container('app', { ports, livenessProbe: probe('/probe-live'), readinessProbe: probe('/probe-ready') }),
        ],
      });
      await web.untilReady();
      await web.delete();
      await web.timeOf('app SIGTERM');
      await aWhile();
      const [alive, ready] = [web.count('app /probe-live'), web.count('app /probe-ready')];
      await web.timeOf('app /probe-ready', ready + 2);
      expect(web.count('app /probe-live')).toBe(alive);
    },
  },
  {
    title: 'a probe that fails fewer times than its threshold changes nothing',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({
        containers: [container('app', { ports, readinessProbe: probe('/probe', { failureThreshold: 5 }) })],
      });
      const ready = await web.untilReady();
      const before = web.count('app /probe');
      web.answer('app /probe', { status: 503 });
      await web.timeOf('app /probe', before + 2);
      web.answer('app /probe', { status: 200 });
      await web.timeOf('app /probe', before + 4);
      const after = await web.until(() => true);
      expect(conditionsOf(after)).toEqual(conditionsOf(ready));
    },
  },
];
