/** The termination of pods: hooks, signals and their order, on one clock. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { eventually } from '../../../../../test/support/eventually.ts';
import { holding, polite, say, timeOf } from './held-pod.ts';
import { forever, isReady, limitMs, openScene, script } from './scene.ts';
import type { Scene } from './scene.ts';

jest.setTimeout(limitMs);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

test('the app gets SIGTERM after its hook, the sidecar after the app has terminated; then the pod is removed', async () => {
  await scene.run('held', holding(300));
  await scene.logged('held', 'app', /up/);
  await scene.delete('held');
  await scene.untilGone('held');
  const [app, sidecar] = await Promise.all([scene.log('held', 'app'), scene.log('held', 'sidecar')]);
  expect(timeOf(app, 'term')).toBeGreaterThanOrEqual(timeOf(sidecar, 'release'));
  expect(timeOf(sidecar, 'term')).toBeGreaterThanOrEqual(timeOf(app, 'term'));
  expect(scene.events('held').filter((event) => event.startsWith('Killing'))).toEqual([
    'Killing: Stopping container sidecar',
    'Killing: Stopping container app',
  ]);
});

test('a terminating pod stays ready while its readiness probe succeeds, and has no liveness probes', async () => {
  // The test itself holds the pod.
  let release = () => {};
  const holder = createServer((_, response) => {
    release = () => response.end();
  });
  await new Promise<void>((resolve) => {
    holder.listen(0, '127.0.0.1', resolve);
  });
  const source = `${say} let live = 200; require('http').createServer((q, s) => {
    say(q.url.slice(1)); if (q.url === '/sicken') live = 500; s.writeHead(q.url === '/live' ? live : 200).end(); }).listen(8080);`;
  const probe = (path: string) => ({
    httpGet: { path, port: 8080 },
    periodSeconds: 0.05,
    timeoutSeconds: 10,
    failureThreshold: 1,
  });
  const preStop = { httpGet: { host: '127.0.0.1', port: (holder.address() as AddressInfo).port } };
  const app = script('app', source, {
    startupProbe: { ...probe('/up'), failureThreshold: 1000 },
    readinessProbe: probe('/ready'),
    livenessProbe: probe('/live'),
    lifecycle: { preStop },
  });
  await scene.run('ready', { containers: [app] });
  const { podIP } = await scene.until('ready', isReady);
  const hooked = once(holder, 'request');
  await scene.delete('ready');
  await hooked;
  await fetch(`http://${podIP}:8080/sicken`);
  // Five more probes.
  await scene.logged('ready', 'app', /sicken.*\n(?:[^]*ready){5}/);
  expect(scene.status('ready')?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
  expect(await scene.log('ready', 'app')).not.toMatch(/sicken[^]*live/);
  release();
  await scene.untilGone('ready');
  holder.close();
});

test('a hook that cannot be called is reported, and the app stops at once', async () => {
  await scene.run('broken', {
    containers: [script('app', `${say} ${polite} ${forever}`, { lifecycle: { preStop: { httpGet: { port: 9 } } } })],
  });
  await scene.logged('broken', 'app', /up/);
  await scene.delete('broken');
  await scene.untilGone('broken');
  expect(scene.events('broken')).toContain('FailedPreStopHook: PreStopHook failed');
  expect(await scene.log('broken', 'app')).toMatch(/term/);
});

test('the token of a terminating pod is not renewed', async () => {
  const volumes = [
    { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 1 } }] } },
  ];
  const exec = { command: [process.execPath, '-e', 'setTimeout(() => {}, 3000)'] };
  await scene.run('renewed', {
    containers: [script('app', `${say} ${polite} ${forever}`, { lifecycle: { preStop: { exec } } })],
    volumes,
  });
  await eventually(
    () => scene.tokenRequests.length,
    (asked) => asked >= 3,
    limitMs,
  );
  await scene.delete('renewed');
  await eventually(
    () => scene.events('renewed'),
    (recorded) => recorded.some((event) => event.startsWith('Killing')),
    limitMs,
  );
  const asked = scene.tokenRequests.length;
  await scene.untilGone('renewed');
  // One request may have been in flight.
  expect(scene.tokenRequests.length - asked).toBeLessThanOrEqual(1);
});

test('an exec hook runs as in the container, before its SIGTERM', async () => {
  const exec = { command: ['/bin/sh', '-c', `echo "$NAME $FROM_IMAGE" > ${scene.folder}/hook`] };
  const source = `process.on('SIGTERM', () => { console.log(require('fs').readFileSync('${scene.folder}/hook', 'utf8')); process.exit(); }); ${forever} console.log('up');`;
  await scene.run('exec', {
    containers: [script('app', source, { env: [{ name: 'NAME', value: 'kiwi' }], lifecycle: { preStop: { exec } } })],
  });
  await scene.logged('exec', 'app', /up/);
  await scene.delete('exec');
  await scene.untilGone('exec');
  expect(await scene.log('exec', 'app')).toBe('up\nkiwi yes\n\n');
});

test('a sidecar that crashes during the preStop of the app is not restarted, and the app is stopped', async () => {
  const spec = holding(0);
  const [sidecar] = spec.initContainers;
  const dying = `require('http').createServer(() => process.exit(1)).listen(9000);`;
  await scene.run('bereft', { ...spec, initContainers: [{ ...sidecar, args: ['-e', `${say} ${dying}`] }] });
  await scene.logged('bereft', 'app', /up/);
  await scene.delete('bereft');
  await scene.untilGone('bereft');
  expect(await scene.log('bereft', 'app')).toMatch(/term/);
  expect((await scene.log('bereft', 'sidecar')).match(/up/g)).toHaveLength(1);
  expect(scene.events('bereft')).toContain('FailedPreStopHook: PreStopHook failed');
});
