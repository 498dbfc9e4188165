import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/platform/clock.ts';
import type { LiveCluster } from '../../../src/kube/live/client.ts';
import type { ObjectReader } from '../../../src/kube/ports.ts';
import { leases, serviceAccounts } from '../../../src/kube/resources.ts';
import { createLeaderLease } from '../../../src/kube/watch/lease.ts';
import type { Reflector, ReflectorOptions } from '../../../src/kube/watch/reflector.ts';
import { createReflector } from '../../../src/kube/watch/reflector.ts';
import { describeWithApi, loadApiConfig } from '../../support/api-server.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';
import type { TcpProxy } from './tcp-proxy.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { connectLive, eventually, makeNamespace, namespaces, throughPort } from './world.ts';

const apiServer = () => new URL(loadApiConfig().getCurrentCluster()?.server ?? '');

describeWithApi('connections to the API server', () => {
  let proxy: TcpProxy;
  let cluster: LiveCluster;
  let direct: LiveCluster;
  let namespace: string;

  beforeAll(async () => {
    proxy = await startTcpProxy(apiServer());
    cluster = connectLive({ timeoutMs: 2_000 }, throughPort(proxy.port));
    direct = connectLive();
    namespace = await makeNamespace(direct);
  }, 30_000);
  afterAll(async () => {
    await direct.delete(namespaces, { name: namespace });
    await Promise.all([cluster.close(), direct.close()]);
    await proxy.close();
  });

  const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });

  const started: { stop: () => Promise<void> }[] = [];
  let calls: string[] = [];
  const counted: ObjectReader = {
    get: (...args) => cluster.get(...args),
    list: (...args) => {
      calls.push('list');
      return cluster.list(...args);
    },
    watch: (...args) => {
      calls.push('watch');
      return cluster.watch(...args);
    },
  };
  function follow(options: Partial<ReflectorOptions> = {}): Reflector {
    calls = [];
    const reflector = createReflector({
      reader: counted,
      resource: serviceAccounts,
      select: { fieldSelector: `metadata.namespace=${namespace}` },
      clock: systemClock,
      random: Math.random,
      logger: createMemoryLogger(),
      ...options,
    });
    started.push(reflector);
    return reflector;
  }

  afterEach(async () => {
    await Promise.all(started.map((one) => one.stop()));
    started.length = 0;
  });

  test('300 consecutive calls use one connection', async () => {
    // A call that the other cluster gives up takes its connection with it.
    const patient = connectLive({ timeoutMs: 30_000 }, throughPort(proxy.port));
    const before = proxy.accepted();
    for (let call = 0; call < 300; call += 1) await patient.get(serviceAccounts, { namespace, name: 'none' });
    expect(proxy.accepted() - before).toBe(1);
    await patient.close();
  }, 60_000);

  test('a reflector survives a reset connection without a lost event and without listing again', async () => {
    const reflector = follow();
    reflector.start();
    await reflector.synced;
    calls = [];
    await direct.create(serviceAccounts, account('before'));
    await eventually(() => reflector.get({ namespace, name: 'before' }) !== undefined);
    proxy.cut();
    await direct.create(serviceAccounts, account('during'));
    await direct.delete(serviceAccounts, { namespace, name: 'before' });
    await eventually(() => reflector.get({ namespace, name: 'before' }) === undefined);
    expect(reflector.get({ namespace, name: 'during' })).toBeDefined();
    expect(calls).not.toContain('list');
  }, 20_000);

  test('a connection that is silently dead is detected by a timeout', async () => {
    const reflector = follow({ silenceTimeoutMs: 1_000 });
    reflector.start();
    await reflector.synced;
    calls = [];
    proxy.freeze();
    await direct.create(serviceAccounts, account('missed'));
    await eventually(() => reflector.get({ namespace, name: 'missed' }) !== undefined);
    expect(calls).not.toContain('list');
  }, 20_000);

  test('a call on a dead connection fails in time with KUBERNETES_UNAVAILABLE', async () => {
    await cluster.get(serviceAccounts, { namespace, name: 'none' });
    proxy.freeze();
    await expect(cluster.get(serviceAccounts, { namespace, name: 'none' })).rejects.toMatchObject({
      code: 'KUBERNETES_UNAVAILABLE',
      retryable: true,
    });
  }, 10_000);

  test('a stopped reflector and cluster leave no connection open', async () => {
    const ownProxy = await startTcpProxy(apiServer());
    const own = connectLive({}, throughPort(ownProxy.port));
    const reflector = follow({ reader: own });
    reflector.start();
    await reflector.synced;
    expect(ownProxy.open()).toBeGreaterThan(0);
    await reflector.stop();
    await own.close();
    await eventually(() => ownProxy.open() === 0);
    await ownProxy.close();
  });

  test('one of two candidates leads; when its connection dies the other takes over, and the two never lead together', async () => {
    const timing = { leaseDurationMs: 9_000, renewDeadlineMs: 6_000, retryMs: 300 };
    const history: string[] = [];
    const candidate = (identity: string, port: LiveCluster) =>
      createLeaderLease({
        reader: port,
        writer: port,
        namespace,
        name: 'leader',
        identity,
        timing,
        onStarted: () => void history.push(`${identity} starts`),
        onStopped: () => void history.push(`${identity} stops`),
        clock: systemClock,
        random: Math.random,
        logger: createMemoryLogger(),
      });
    const lonely = await startTcpProxy(apiServer());
    const lonelyCluster = connectLive({ timeoutMs: 1_000 }, throughPort(lonely.port));
    const a = candidate('a', lonelyCluster);
    const b = candidate('b', direct);
    started.push(a, b);
    a.start();
    await eventually(() => a.isLeader());
    b.start();
    await lonely.close();
    await eventually(() => b.isLeader(), 30_000);
    expect(a.isLeader()).toBe(false);
    expect(history).toEqual(['a starts', 'a stops', 'b starts']);
    await b.stop();
    expect(await direct.get(leases, { namespace, name: 'leader' })).toMatchObject({ spec: { leaseTransitions: 1 } });
    expect((await direct.get(leases, { namespace, name: 'leader' }))?.['spec']).not.toMatchObject({
      holderIdentity: expect.stringMatching(/./),
    });
    await a.stop();
    await lonelyCluster.close();
  }, 60_000);
});
