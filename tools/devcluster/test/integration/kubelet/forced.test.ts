/** A force-deleted pod. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { eventually } from '../../../../../test/support/eventually.ts';
import { isAlive } from './alive.ts';
import { forever, limitMs, openScene, script } from './scene.ts';
import type { Scene } from './scene.ts';

jest.setTimeout(limitMs);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

test('a force-deleted pod is killed within seconds', async () => {
  await scene.run('forced', {
    containers: [script('app', `process.on('SIGTERM', () => {}); console.log(process.pid, 'up'); ${forever}`)],
  });
  const pid = Number.parseInt(await scene.logged('forced', 'app', /up/), 10);
  expect(isAlive(pid)).toBe(true);
  await scene.delete('forced', { gracePeriodSeconds: 0 });
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
    limitMs,
  );
});
