/** Native sidecars (KEP-753): their termination and restarts. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { aWhile, expectSeconds } from './clock.ts';
import { statusOf, type KubeletCase } from './scene.ts';

const sidecar = (port: number, preStop = ''): Fields => ({
  restartPolicy: 'Always',
  ports: [{ containerPort: port }],
  ...(preStop === '' ? {} : { lifecycle: { preStop: { httpGet: { port, path: preStop } } } }),
});
const app = { ports: [{ containerPort: 8080 }], lifecycle: { preStop: { httpGet: { port: 8080, path: '/preStop' } } } };

export const sidecars: KubeletCase[] = [
  {
    title: 'the preStops of apps and sidecars start at the same time',
    run: async ({ container, pod }) => {
      const web = pod();
      const releases = [web.hold('app /preStop'), web.hold('sidecar /preStop')];
      await web.create({
        initContainers: [container('sidecar', sidecar(8081, '/preStop'))],
        containers: [container('app', app)],
      });
      await web.untilReady();
      await web.delete();
      await Promise.all([web.timeOf('app /preStop'), web.timeOf('sidecar /preStop')]);
      expect(web.lines()).not.toContain('app SIGTERM');
      for (const release of releases) release();
      await web.untilGone();
    },
  },
  {
    title: 'an app gets SIGTERM after its own preStop, while that of a sidecar runs',
    run: async ({ container, pod }) => {
      const web = pod();
      const answer = web.hold('sidecar /preStop');
      await web.create({
        initContainers: [container('sidecar', sidecar(8081, '/preStop'))],
        containers: [container('app', app)],
      });
      await web.untilReady();
      await web.delete();
      await web.timeOf('app ended');
      await aWhile();
      expect(web.lines()).not.toContain('sidecar SIGTERM');
      answer();
      await web.timeOf('sidecar ended');
      expect(
        web
          .lines()
          .filter((line) => !line.endsWith('/preStop'))
          .slice(-4),
      ).toEqual(['app SIGTERM', 'app ended', 'sidecar SIGTERM', 'sidecar ended']);
    },
  },
  {
    title: 'a sidecar gets SIGTERM only after all apps have terminated, however early its preStop was over',
    run: async ({ container, pod }) => {
      const web = pod();
      const end = web.hold('app SIGTERM');
      await web.create({
        initContainers: [container('sidecar', sidecar(8081, '/preStop'))],
        containers: [container('app'), container('other')],
      });
      await web.untilReady();
      await web.delete();
      await Promise.all([web.timeOf('sidecar /preStop'), web.timeOf('app SIGTERM'), web.timeOf('other ended')]);
      await aWhile();
      expect(web.lines()).not.toContain('sidecar SIGTERM');
      end({ text: '0' });
      await web.timeOf('sidecar ended');
      expect(web.lines().slice(-3)).toEqual(['app ended', 'sidecar SIGTERM', 'sidecar ended']);
    },
  },
  {
    title: 'sidecars terminate in reverse order',
    run: async ({ container, pod }) => {
      const web = pod();
      const end = web.hold('second SIGTERM');
      await web.create({
        initContainers: [container('first', sidecar(8081)), container('second', sidecar(8082))],
        containers: [container('app')],
      });
      await web.untilReady();
      await web.delete();
      await web.timeOf('second SIGTERM');
      await aWhile();
      expect(web.lines()).not.toContain('first SIGTERM');
      end({ text: '0' });
      await web.timeOf('first ended');
      expect(web.lines().slice(-6)).toEqual([
        'app SIGTERM',
        'app ended',
        'second SIGTERM',
        'second ended',
        'first SIGTERM',
        'first ended',
      ]);
    },
  },
  {
    title: 'if the app uses the whole grace period, its sidecar gets SIGTERM then and SIGKILL two seconds later',
    run: async ({ container, pod }) => {
      const web = pod();
      web.hold('app SIGTERM');
      web.hold('sidecar SIGTERM');
      await web.create({
        terminationGracePeriodSeconds: 2,
        initContainers: [container('sidecar', sidecar(8081))],
        containers: [container('app')],
      });
      await web.untilReady();
      const deletedMs = await web.delete();
      expectSeconds(deletedMs, await web.timeOf('sidecar SIGTERM'), [2, 2]);
      expectSeconds(deletedMs, await web.timeOf('sidecar ended'), [4, 4]);
    },
  },
  {
    title: 'a sidecar that terminates while the pod runs is restarted',
    run: async ({ container, pod }) => {
      const web = pod();
      await web.create({ initContainers: [container('sidecar', sidecar(8081))], containers: [container('app')] });
      await web.untilReady();
      web.exit('sidecar', 0);
      const restarted = await web.until(
        (body) => statusOf(body, 'sidecar')?.restartCount === 1 && statusOf(body, 'sidecar')?.ready === true,
      );
      expect(restarted.status.phase).toBe('Running');
      expect(web.count('app started')).toBe(1);
    },
  },
  {
    // KEP-4438 is to change that.
    title: 'a sidecar that terminates while the app terminates is not restarted',
    run: async ({ container, pod }) => {
      const web = pod();
      const end = web.hold('app SIGTERM');
      await web.create({ initContainers: [container('sidecar', sidecar(8081))], containers: [container('app')] });
      await web.untilReady();
      await web.delete();
      await web.timeOf('app SIGTERM');
      web.exit('sidecar', 1);
      await web.timeOf('sidecar ended');
      await aWhile();
      await aWhile();
      expect(web.count('sidecar started')).toBe(1);
      end({ text: '0' });
      await web.untilGone();
    },
  },
  {
    title:
      'after the apps of a pod with restartPolicy Never its sidecars are stopped, and their exit codes do not matter',
    run: async ({ container, pod }) => {
      const web = pod();
      web.answer('sidecar SIGTERM', { text: '5' });
      await web.create({
        restartPolicy: 'Never',
        initContainers: [container('sidecar', sidecar(8081, '/preStop'))],
        containers: [container('app')],
      });
      await web.untilReady();
      web.exit('app', 0);
      const over = await web.until((body) => body.status.phase === 'Succeeded');
      expect(statusOf(over, 'sidecar')?.state).toMatchObject({ terminated: { exitCode: 5 } });
      expect(web.lines().slice(-4)).toEqual(['app ended', 'sidecar /preStop', 'sidecar SIGTERM', 'sidecar ended']);
    },
  },
];
