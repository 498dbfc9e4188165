/** The end of the grace period. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { holding, say, timeOf } from './held-pod.ts';
import { forever, limitMs, openScene } from './scene.ts';
import type { Scene } from './scene.ts';

jest.setTimeout(limitMs);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

test('the end of the grace period ends a preStop, and a container that ignores SIGTERM is killed', async () => {
  const spec = holding(60_000);
  await scene.run('hurried', {
    ...spec,
    containers: spec.containers.map((app) => ({
      ...app,
      args: ['-e', `${say} process.on('SIGTERM', () => say('term')); ${forever}`],
    })),
  });
  await scene.logged('hurried', 'app', /up/);
  // Before the request: the grace period begins while the request is handled.
  const deletedAt = Date.now();
  await scene.delete('hurried', { gracePeriodSeconds: 0.3 });
  await scene.untilGone('hurried');
  const goneAt = Date.now();
  const app = await scene.log('hurried', 'app');
  expect(timeOf(app, 'term') - deletedAt).toBeGreaterThanOrEqual(290);
  // A container that gets its SIGTERM at the deadline has two more seconds.
  expect(goneAt - deletedAt).toBeGreaterThanOrEqual(2290);
});
