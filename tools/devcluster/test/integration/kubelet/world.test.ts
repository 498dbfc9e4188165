/** The environment of a container's program: variables, files, its address, and names of Services. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { endpointSlices, secrets, services } from '../../../../../src/kube/resources.ts';
import type { KubeObject } from '../../../../../src/kube/ports.ts';
import { configMaps } from '../../../cluster-api.ts';
import { forever, limitMs, openScene, script } from './scene.ts';
import type { Scene } from './scene.ts';

jest.setTimeout(limitMs);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.stop());

const object = (kind: string, name: string, more: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { namespace: 'shop', name },
  ...more,
});
const module = (name: string, source: string, more: object = {}) => ({
  ...script(name, source, more),
  args: ['--input-type=module', '-e', source],
});

test('a container has the variables of its image, its spec, Secrets, ConfigMaps and fields of the pod', async () => {
  await scene.api.create(
    secrets,
    object('Secret', 'door', { data: { key: Buffer.from('sesame').toString('base64') } }),
  );
  await scene.api.create(configMaps, object('ConfigMap', 'colours', { data: { sky: 'blue' } }));
  const env = [
    { name: 'PLAIN', value: 'one' },
    { name: 'BOTH', value: '$(PLAIN) and $$(PLAIN) and $(UNSET)' },
    { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } },
    { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'door', key: 'key' } } },
    { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'colours', key: 'sky' } } },
    { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'colours', key: 'sea', optional: true } } },
  ];
  const source =
    'const { PLAIN, BOTH, IP, NAME, LABEL, SECRET, COLOUR, ABSENT, FROM_IMAGE, HOME } = process.env; console.log(JSON.stringify([PLAIN, BOTH, IP, NAME, LABEL, SECRET, COLOUR, ABSENT, FROM_IMAGE, HOME, process.argv[1]]));';
  await scene.run(
    'env',
    { restartPolicy: 'Never', containers: [{ ...script('app', source, { env }), args: ['-e', source, '$(PLAIN)!'] }] },
    { labels: { tier: 'front' } },
  );
  const { podIP } = await scene.until('env', ({ phase }) => phase === 'Succeeded');
  expect(JSON.parse(await scene.log('env', 'app'))).toEqual([
    'one',
    'one and $(PLAIN) and $(UNSET)',
    podIP,
    'env',
    'front',
    'sesame',
    'blue',
    null,
    'yes',
    null,
    'one!',
  ]);
});

test.each([
  ['a missing Secret', { name: 'none', key: 'key' }, 'secret "none" not found'],
  ['a missing key', { name: 'door', key: 'none' }, "couldn't find key none in Secret shop/door"],
])('a container that wants %s waits, and says for what', async (_, secretKeyRef, message) => {
  const name = `waits-${secretKeyRef.name}-${secretKeyRef.key}`;
  await scene.run(name, { containers: [script('app', '', { env: [{ name: 'KEY', valueFrom: { secretKeyRef } }] })] });
  await scene.until(name, ({ containerStatuses: [app] }) =>
    JSON.stringify(app?.state).includes('CreateContainerConfigError'),
  );
  expect(scene.status(name)?.containerStatuses[0]?.state).toEqual({
    waiting: { reason: 'CreateContainerConfigError', message },
  });
  expect(scene.events(name)).toContain(`Failed: Error: ${message}`);
});

test('files of volumes are at their mount paths, also for named imports', async () => {
  const volumes = [
    { name: 'scratch', emptyDir: {} },
    {
      name: 'token',
      projected: {
        sources: [
          { serviceAccountToken: { audience: 'holdfast', expirationSeconds: 600, path: 'token' } },
          { configMap: { name: 'colours', items: [{ key: 'sky', path: 'above/sky' }] } },
          { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
        ],
      },
    },
  ];
  const volumeMounts = [
    { name: 'scratch', mountPath: '/var/run/scratch' },
    { name: 'token', mountPath: '/var/run/secrets/shop' },
  ];
  const source = `import { readFile, rename, writeFile } from 'node:fs/promises'; import { readFileSync, readdirSync } from 'node:fs';
    await writeFile('/var/run/scratch/new', '/var/run/scratch/stays text'); await rename('/var/run/scratch/new', '/var/run/scratch/kept');
    const inPod = (name) => readFileSync('/var/run/secrets/shop/' + name, 'utf8');
    console.log(JSON.stringify([await readFile('/var/run/scratch/kept', 'utf8'), readdirSync('/var/run/scratch'), inPod('token'), inPod('above/sky'), inPod('name')]));`;
  const spec = {
    restartPolicy: 'Never',
    serviceAccountName: 'seller',
    containers: [module('app', source, { volumeMounts })],
    volumes,
  };
  await scene.run('files', spec);
  await scene.until('files', ({ phase }) => phase !== 'Pending' && phase !== 'Running');
  expect(JSON.parse(await scene.log('files', 'app'))).toEqual([
    '/var/run/scratch/stays text',
    ['kept'],
    'token-1',
    'blue',
    'files',
  ]);
  expect(scene.tokenRequests).toEqual([
    {
      namespace: 'shop',
      serviceAccount: 'seller',
      pod: { name: 'files', uid: expect.any(String) },
      audience: 'holdfast',
      expirationSeconds: 600,
    },
  ]);
});

test('pods listen on the same port, connect from their own address, and resolve names of Services', async () => {
  await scene.api.create(services, object('Service', 'till', { spec: { clusterIP: 'None' } }));
  const server =
    "require('http').createServer((q, s) => s.end(process.env.NAME + ' for ' + q.socket.remoteAddress)).listen(8080, () => console.log('up'));";
  for (const name of ['one', 'two']) {
    await scene.run(name, { containers: [script('app', server, { env: [{ name: 'NAME', value: name }] })] });
  }
  await Promise.all(['one', 'two'].map((name) => scene.logged(name, 'app', /up/)));
  const addresses = ['one', 'two'].map((name) => scene.status(name)?.podIP ?? '');
  const slice = object('EndpointSlice', 'till-1', {
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  });
  await scene.api.create(endpointSlices, {
    ...slice,
    metadata: { ...slice.metadata, labels: { 'kubernetes.io/service-name': 'till' } },
  });
  const source = `import { lookup } from 'node:dns/promises'; import { get } from 'node:http';
    const all = (await lookup('till.shop.svc', { all: true })).map(({ address }) => address);
    const direct = await fetch('http://' + all[1] + ':8080').then((answer) => answer.text());
    const named = await new Promise((resolve) => get('http://till:8080', (answer) => answer.on('data', (data) => resolve(String(data)))));
    const unknown = await lookup('none.shop.svc.cluster.local').catch(({ code }) => code);
    console.log(JSON.stringify([all, direct, named, unknown]));`;
  await scene.run('client', { restartPolicy: 'Never', containers: [module('app', source)] });
  const { podIP } = await scene.until('client', ({ phase }) => phase !== 'Pending' && phase !== 'Running');
  expect(JSON.parse(await scene.log('client', 'app'))).toEqual([
    addresses,
    `two for ${podIP}`,
    `one for ${podIP}`,
    'ENOTFOUND',
  ]);
});

test('a path that leaves its volume is refused', async () => {
  const volumes = [{ name: 'bad', configMap: { name: 'colours', items: [{ key: 'sky', path: '../../sky' }] } }];
  await scene.run('bad', { containers: [script('app', forever)], volumes });
  await scene.until('bad', ({ containerStatuses: [app] }) => JSON.stringify(app?.state).includes('leads out'));
  expect(scene.events('bad')).toContain(
    'FailedMount: MountVolume.SetUp failed for volume "bad" : the path ../../sky leads out of the volume',
  );
});
