/** The start of pods, and their status while they run. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { nodes } from '../../../../../src/kube/resources.ts';
import { forever, isReady, limitMs, openScene, script } from './scene.ts';
import type { Scene } from './scene.ts';

jest.setTimeout(limitMs);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

const httpServer = (port: number, status = '200') =>
  `require('http').createServer((q, s) => s.writeHead(${status}).end()).listen(${port});`;

test('the node is ready', () => {
  const status = scene.api.get(nodes, { name: 'node-1' })?.['status'];
  expect(status).toMatchObject({
    conditions: [{ type: 'Ready', status: 'True' }],
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }, {}],
  });
});

test('a running pod has its own address, and is ready when its probe succeeds', async () => {
  await scene.run('web', {
    containers: [script('app', httpServer(8080), { readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 0.05 } })],
  });
  const status = await scene.until('web', isReady);
  expect(status).toMatchObject({
    phase: 'Running',
    podIP: expect.stringMatching(/^127\.1\d\d\.\d+\.\d+$/),
    hostIP: '127.0.0.1',
  });
  expect(status.containerStatuses).toMatchObject([
    { name: 'app', ready: true, started: true, restartCount: 0, state: { running: {} } },
  ]);
  expect(scene.events('web')).toEqual(
    expect.arrayContaining([
      'Pulled: Container image "node" already present on machine',
      'Created: Container created',
      'Started: Container started',
    ]),
  );
  const answer = await fetch(`http://${status.podIP}:8080`);
  expect(answer.status).toBe(200);
});

test('init containers run in turn, and a sidecar must have started before the next one', async () => {
  const line = (text: string) => `require('fs').appendFileSync('${scene.folder}/order', '${text} ');`;
  const startupProbe = { tcpSocket: { port: 9000 }, periodSeconds: 0.05, failureThreshold: 1000 };
  const sidecar = `setTimeout(() => { ${line('sidecar')} require('net').createServer().listen(9000); }, 150);`;
  await scene.run('ordered', {
    initContainers: [
      script('first', `setTimeout(() => { ${line('first')} }, 50);`),
      script('sidecar', sidecar, { restartPolicy: 'Always', startupProbe }),
      script('last', line('last')),
    ],
    containers: [
      script(
        'app',
        `${line('app')} console.log(require('fs').readFileSync('${scene.folder}/order', 'utf8')); ${forever}`,
      ),
    ],
  });
  await scene.until('ordered', ({ phase }) => phase === 'Running');
  expect(await scene.logged('ordered', 'app', /app/)).toBe('first sidecar last app \n');
  expect(scene.status('ordered')?.initContainerStatuses).toMatchObject([
    { name: 'first', ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
    { name: 'sidecar', ready: true, started: true, state: { running: {} } },
    { name: 'last', ready: true },
  ]);
});

test('a container that fails its liveness probe is killed and restarted', async () => {
  const startupProbe = { tcpSocket: { port: 8080 }, periodSeconds: 0.05, failureThreshold: 1000 };
  const livenessProbe = {
    httpGet: { path: '/live', port: 8080 },
    periodSeconds: 0.05,
    timeoutSeconds: 10,
    failureThreshold: 2,
    terminationGracePeriodSeconds: 10,
  };
  // Healthy at the second start only.
  const file = `${scene.folder}/second`;
  const source = `const fs = require('fs'); const ok = fs.existsSync('${file}'); fs.writeFileSync('${file}', ''); ${httpServer(8080, 'ok ? 200 : 500')}`;
  await scene.run('sick', { containers: [script('app', source, { startupProbe, livenessProbe })] });
  const status = await scene.until(
    'sick',
    ({ containerStatuses: [app] }) => app !== undefined && app.restartCount > 0 && app.ready,
  );
  expect(status.containerStatuses).toMatchObject([
    { lastState: { terminated: { exitCode: 143, signal: 15, reason: 'Error' } } },
  ]);
  expect(scene.events('sick')).toEqual(
    expect.arrayContaining([
      'Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500',
      'Killing: Container app failed liveness probe, will be restarted',
    ]),
  );
});

test('a container that crashes twice waits for a back-off', async () => {
  await scene.run('crashing', { containers: [script('app', 'process.exit(3)')] });
  const status = await scene.until(
    'crashing',
    ({ containerStatuses: [app] }) => app !== undefined && 'waiting' in app.state && app.restartCount === 1,
  );
  expect(status).toMatchObject({
    phase: 'Running',
    containerStatuses: [{ ready: false, lastState: { terminated: { exitCode: 3 } } }],
  });
  expect(status.containerStatuses[0]?.state).toMatchObject({
    waiting: {
      reason: 'CrashLoopBackOff',
      message: expect.stringMatching(/^back-off 10s restarting failed container=app pod=crashing_shop\(/),
    },
  });
});

test('a pod with restartPolicy Never succeeds, and its sidecar is stopped', async () => {
  await scene.run('once', {
    restartPolicy: 'Never',
    initContainers: [script('sidecar', forever, { restartPolicy: 'Always' })],
    containers: [script('app', '')],
  });
  const status = await scene.until('once', ({ phase }) => phase === 'Succeeded');
  expect(status.containerStatuses).toMatchObject([{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }]);
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'False', reason: 'PodCompleted' }),
  );
});

test('a container with an unknown image waits with ErrImageNeverPull', async () => {
  await scene.run('strange', { containers: [{ name: 'app', image: 'strange:1' }] });
  const status = await scene.until(
    'strange',
    ({ containerStatuses: [app] }) =>
      app !== undefined && 'waiting' in app.state && !JSON.stringify(app).includes('Creating'),
  );
  const message = 'Container image "strange:1" is not present with pull policy of Never';
  expect(status).toMatchObject({
    phase: 'Pending',
    containerStatuses: [{ state: { waiting: { reason: 'ErrImageNeverPull', message } } }],
  });
  expect(scene.events('strange')).toContain(`ErrImageNeverPull: ${message}`);
});

test('a missing command is reported in an event', async () => {
  await scene.run('typo', { containers: [{ name: 'app', image: 'node', command: ['no-such-program'] }] });
  await scene.until('typo', ({ containerStatuses: [app] }) => JSON.stringify(app).includes('RunContainerError'));
  expect(scene.events('typo')).toContainEqual(expect.stringMatching(/^Failed: Error: .*spawn no-such-program ENOENT/));
});
