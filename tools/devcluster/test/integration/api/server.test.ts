/** The HTTP server, besides the semantics of the API, which test/conformance compares with a real API server. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { get } from 'node:https';
import { createApiServer } from '../../../apiserver/server.ts';
import { configMaps } from '../../../cluster-api.ts';
import { createManualClock } from '../../../../../test/support/manual-clock.ts';
import { serviceAccounts, startWorld, type World } from './world.ts';

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'app', namespace: 'default' } };
const path = '/api/v1/namespaces/default/configmaps';

describe('authentication', () => {
  let world: World;
  const clock = createManualClock();
  beforeAll(async () => {
    world = await startWorld({ clock });
  });
  afterAll(() => world.server.close());

  test.each([
    ['the version needs no token', '/version', '', 200],
    ['the health endpoint needs no token', '/readyz', '', 200],
    ['without a token nothing else is', path, '', 401],
    ['with a wrong token nothing is', path, 'wrong', 401],
    ['with a token of a wrong signature nothing is', path, 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA', 401],
  ])('%s', async (_, asked, token, status) => {
    expect((await world.send('GET', asked, { token })).status).toBe(status);
  });

  test('a pod is authenticated by its token until the token expires or the pod is deleted', async () => {
    const { api } = world.server;
    const pods = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
    await api.create(serviceAccounts, account);
    const pod = await api.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'default' },
      spec: { serviceAccountName: 'app', containers: [{ name: 'a', image: 'a' }] },
    });
    const bound = { name: 'a', uid: pod.metadata.uid ?? '' };
    const order = {
      namespace: 'default',
      serviceAccount: 'app',
      pod: bound,
      audience: undefined,
      expirationSeconds: 600,
    };
    const { token } = await world.server.createPodToken(order);
    expect((await world.send('GET', path, { token })).status).toBe(200);
    await clock.advance(601_000);
    expect((await world.send('GET', path, { token })).status).toBe(401);
    const fresh = await world.server.createPodToken(order);
    await api.delete(pods, pod.metadata);
    expect((await world.send('GET', path, { token: fresh.token })).status).toBe(401);
  });

  test('a token for another audience does not authenticate to the API', async () => {
    await world.server.api.create(serviceAccounts, { ...account, metadata: { name: 'other', namespace: 'default' } });
    const { token } = await world.server.createPodToken({
      namespace: 'default',
      serviceAccount: 'other',
      pod: { name: 'x', uid: 'x' },
      audience: 'holdfast',
      expirationSeconds: 600,
    });
    expect((await world.send('GET', path, { token })).status).toBe(401);
  });
});

describe('the life of the server', () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.server.close());

  test('listen rejects if the port is in use', async () => {
    const server = await createApiServer();
    await expect(server.listen(Number(new URL(world.url).port))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await server.close();
  });

  test('close ends open watches', async () => {
    const watch = get(`${world.url}${path}?watch=true`, {
      ca: world.ca,
      headers: { authorization: `Bearer ${world.server.adminToken}` },
      agent: false,
    });
    const [response] = await once(watch, 'response');
    response.on('error', () => undefined).resume();
    const closed = once(response, 'close');
    await world.server.close();
    await closed;
    expect(response.destroyed).toBe(true);
  });

  test('a body beyond the limit is refused', async () => {
    const answer = await world
      .send('POST', path, { body: { ...configMap('big'), data: { a: 'x'.repeat(4 * 1024 * 1024) } } })
      .catch((error: unknown) => ({ status: 0, text: String(error) }));
    // The server responds and closes: the response may arrive before or after the request is written.
    expect([413, 0]).toContain(answer.status);
    expect((await world.send('GET', `${path}/big`)).status).toBe(404);
  });
});

describe('the API inside of the process', () => {
  test('observe calls back with existing objects, then with each change before the write returns', async () => {
    const { api } = await createApiServer();
    await api.create(configMaps, configMap('first'));
    const seen: string[] = [];
    const stop = api.observe(configMaps, ({ type, object }) => seen.push(`${type} ${object.metadata.name}`));
    expect(seen).toEqual(['ADDED first']);
    await api.patch(configMaps, { namespace: 'default', name: 'first' }, { data: { a: '1' } });
    await api.delete(configMaps, { namespace: 'default', name: 'first' });
    stop();
    await api.create(configMaps, configMap('second'));
    expect(seen).toEqual(['ADDED first', 'MODIFIED first', 'DELETED first']);
  });

  test('a write without a change makes no new version', async () => {
    const { api } = await createApiServer();
    const before = await api.create(configMaps, configMap('same'));
    const after = await api.update(configMaps, before);
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('the in-process API throws the errors of the HTTP API', async () => {
    const { api } = await createApiServer();
    await expect(api.create(configMaps, configMap('No Name'))).rejects.toMatchObject({ reason: 'Invalid' });
    await expect(api.patch(configMaps, { namespace: 'default', name: 'missing' }, {})).rejects.toMatchObject({
      reason: 'NotFound',
    });
    const first = await api.create(configMaps, configMap('old'));
    await api.patch(configMaps, first.metadata, { data: { a: '1' } });
    await expect(api.update(configMaps, { ...first, data: { a: '2' } })).rejects.toMatchObject({ reason: 'Conflict' });
    await expect(api.delete(configMaps, first.metadata, { uid: 'other' })).rejects.toMatchObject({
      reason: 'Conflict',
    });
  });
});
