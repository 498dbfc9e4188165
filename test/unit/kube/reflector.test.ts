import { afterEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/platform/errors.ts';
import type { KubeObject, ObjectReader } from '../../../src/kube/ports.ts';
import { pods } from '../../../src/kube/resources.ts';
import type { Reflector, ReflectorOptions } from '../../../src/kube/watch/reflector.ts';
import { createReflector, withoutManagedFields } from '../../../src/kube/watch/reflector.ts';
import { createManualClock, settle } from '../../support/manual-clock.ts';
import { createTestCluster } from '../../support/cluster/test-cluster.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

const down = () => new AppError('KUBERNETES_UNAVAILABLE', 'down', { source: 'kubernetes', retryable: true });

const pod = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'here', labels },
});

let started: Reflector[] = [];

/** A cluster, a reflector on its pods, and all changes that it emitted, as text. Without jitter: waits are 100 ms, 200, 400 … */
function setUp(options: Partial<ReflectorOptions> = {}) {
  const clock = createManualClock();
  const cluster = createTestCluster(clock);
  const logger = createMemoryLogger();
  const calls: string[] = [];
  const reader: ObjectReader = {
    ...cluster,
    list: (resource, select) => {
      calls.push('list');
      return cluster.list(resource, select);
    },
    watch: (resource, version, select) => {
      calls.push(`watch ${version}`);
      return cluster.watch(resource, version, select);
    },
  };
  const reflector = createReflector({ reader, resource: pods, clock, random: () => 0, logger, ...options });
  const changes: string[] = [];
  reflector.onChange((change) => changes.push(`${change.type} ${change.object.metadata.name}`));
  started.push(reflector);
  return { clock, cluster, logger, calls, reflector, changes };
}

afterEach(async () => {
  await Promise.all(started.map((reflector) => reflector.stop()));
  started = [];
});

describe('reflector', () => {
  test('contains the existing objects at the start, then follows changes', async () => {
    const { cluster, reflector, changes } = setUp();
    cluster.put(pods, pod('a'));
    reflector.start();
    await reflector.synced;
    expect(changes).toEqual(['ADDED a']);
    cluster.put(pods, pod('b'));
    cluster.put(pods, pod('a', { changed: 'yes' }));
    cluster.remove(pods, { namespace: 'here', name: 'b' });
    await settle();
    expect(changes).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
    expect(reflector.list().map((object) => object.metadata.name)).toEqual(['a']);
    expect(reflector.get({ namespace: 'here', name: 'a' })?.metadata.labels).toEqual({ changed: 'yes' });
    expect(reflector.get({ namespace: 'elsewhere', name: 'a' })).toBeUndefined();
  });

  test('emits a change with the previous object', async () => {
    const { cluster, reflector } = setUp();
    cluster.put(pods, pod('a', { version: '1' }));
    const seen: unknown[] = [];
    reflector.onChange((change) => seen.push(change.type === 'MODIFIED' ? change.previous.metadata.labels : undefined));
    reflector.start();
    await settle();
    cluster.put(pods, pod('a', { version: '2' }));
    await settle();
    expect(seen).toEqual([undefined, { version: '1' }]);
  });

  test('resumes a closed watch where it ended, without a list', async () => {
    const { clock, cluster, reflector, calls, changes } = setUp();
    reflector.start();
    await settle();
    cluster.put(pods, pod('a'));
    await settle();
    const resumeAt = reflector.lastResourceVersion;
    cluster.endWatches();
    await settle();
    cluster.put(pods, pod('missed'));
    await clock.advance(100);
    expect(calls).toEqual(['list', 'watch 100', `watch ${resumeAt}`]);
    expect(changes).toEqual(['ADDED a', 'ADDED missed']);
  });

  test('advances its version by bookmarks, so that a quiet watch does not expire', async () => {
    const { clock, cluster, reflector, calls } = setUp({ select: { labelSelector: 'never=matched' } });
    reflector.start();
    await settle();
    cluster.put(pods, pod('unseen'));
    cluster.bookmark();
    await settle();
    cluster.compact();
    cluster.endWatches();
    await clock.advance(100);
    expect(calls).toEqual(['list', 'watch 100', 'watch 101']);
    expect(reflector.lastResourceVersion).toBe('101');
  });

  test('lists again after 410 and emits deleted, new and recreated objects', async () => {
    const { clock, cluster, reflector, calls, changes } = setUp();
    for (const name of ['vanishing', 'staying', 'replaced']) cluster.put(pods, pod(name));
    reflector.start();
    await settle();
    changes.length = 0;
    cluster.endWatches();
    await settle();
    cluster.remove(pods, { namespace: 'here', name: 'vanishing' });
    cluster.remove(pods, { namespace: 'here', name: 'replaced' });
    cluster.put(pods, pod('replaced'));
    cluster.put(pods, pod('new'));
    cluster.compact();
    await clock.advance(1_000);
    expect(calls.filter((call) => call === 'list')).toHaveLength(2);
    expect(changes.toSorted()).toEqual(['ADDED new', 'ADDED replaced', 'DELETED replaced', 'DELETED vanishing']);
    expect(changes.indexOf('DELETED replaced')).toBeLessThan(changes.indexOf('ADDED replaced'));
  });

  test('retries with growing waits while the server is unavailable, and continues when it is back', async () => {
    const { clock, cluster, reflector, calls } = setUp();
    cluster.fail({ verb: 'list', error: down(), times: 5 });
    reflector.start();
    // Between six lists there are waits of 100, 200, 400, 800 and 1600 ms.
    await clock.advance(3_099);
    expect(calls).toHaveLength(5);
    await clock.advance(1);
    expect(calls.slice(5)).toEqual(['list', 'watch 100']);
    await reflector.synced;
  });

  test('reconnects ever less often to a server that drops each watch', async () => {
    const { clock, cluster, reflector, calls } = setUp();
    reflector.start();
    const endless = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        cluster.endWatches();
        await clock.advance(100);
      }
    };
    await endless(10_000);
    // 100 + 200 + … + 6400 ms is 12.7 s: seven watches were opened in 10 s.
    expect(calls.length).toBeLessThanOrEqual(1 + 8);
    cluster.put(pods, pod('progress'));
    await clock.advance(30_000);
    calls.length = 0;
    cluster.endWatches();
    await clock.advance(100);
    expect(calls).toHaveLength(1);
  });

  test('lists ever less often if each watch expires right after its list', async () => {
    const { clock, cluster, reflector, calls } = setUp();
    const expired = new AppError('KUBERNETES_EXPIRED', 'gone', { source: 'kubernetes', retryable: true });
    cluster.fail({ verb: 'watch', error: expired, times: 1_000 });
    reflector.start();
    await clock.advance(10_000);
    expect(calls.filter((call) => call === 'list').length).toBeLessThanOrEqual(8);
  });

  test('drops and resumes a silent watch without counting a failure', async () => {
    const { clock, cluster, reflector, calls, changes, logger } = setUp({ silenceTimeoutMs: 90_000 });
    reflector.start();
    await clock.advance(89_999);
    expect(calls).toHaveLength(2);
    await clock.advance(101);
    expect(calls).toEqual(['list', 'watch 100', 'watch 100']);
    expect(cluster.openWatches()).toBe(1);
    await clock.advance(10 * 90_100);
    expect(calls).toHaveLength(3 + 10);
    expect(logger.lines().filter((line) => line.level === 'warn')).toEqual([]);
    cluster.put(pods, pod('a'));
    await settle();
    expect(changes).toEqual(['ADDED a']);
  });

  test('keeps a quiet watch open while bookmarks arrive', async () => {
    const { clock, cluster, reflector, calls } = setUp({ silenceTimeoutMs: 90_000 });
    reflector.start();
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.advance(60_000);
      cluster.bookmark();
    }
    await settle();
    expect(calls).toHaveLength(2);
  });

  test('logs a listener that throws, and continues with the others', async () => {
    const { cluster, reflector, changes, logger } = setUp();
    reflector.onChange(() => {
      throw new Error('oops');
    });
    const after: string[] = [];
    reflector.onChange((change) => after.push(change.type));
    reflector.start();
    await settle();
    cluster.put(pods, pod('a'));
    cluster.put(pods, pod('b'));
    await settle();
    expect(changes).toEqual(['ADDED a', 'ADDED b']);
    expect(after).toHaveLength(2);
    expect(logger.messages()).toEqual(['change listener failed', 'change listener failed']);
  });

  test('does not notify a listener that has unsubscribed', async () => {
    const { cluster, reflector } = setUp();
    const received: string[] = [];
    const unsubscribe = reflector.onChange((change) => received.push(change.object.metadata.name));
    reflector.start();
    await settle();
    cluster.put(pods, pod('a'));
    await settle();
    unsubscribe();
    cluster.put(pods, pod('b'));
    await settle();
    expect(received).toEqual(['a']);
  });

  test('keeps only the fields that `project` selects', async () => {
    const { cluster, reflector } = setUp({
      project: ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }) => ({
        apiVersion,
        kind,
        metadata: {
          name,
          ...(namespace && { namespace }),
          ...(uid && { uid }),
          ...(resourceVersion && { resourceVersion }),
        },
      }),
    });
    cluster.put(pods, { ...pod('a', { large: 'label' }), spec: { containers: [] } });
    reflector.start();
    await reflector.synced;
    expect(reflector.list().map((object) => Object.keys(object).concat(Object.keys(object.metadata)))).toEqual([
      ['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'uid', 'resourceVersion'],
    ]);
  });

  test('drops only managedFields by default', () => {
    const object = { ...pod('a'), metadata: { name: 'a', managedFields: [{}] }, spec: {} };
    expect(withoutManagedFields(object)).toEqual({ ...pod('a'), metadata: { name: 'a' }, spec: {} });
  });

  test('reports the time since the last sign of life of the server', async () => {
    const { clock, cluster, reflector } = setUp();
    expect(reflector.staleMs()).toBe(Number.POSITIVE_INFINITY);
    reflector.start();
    await clock.advance(5_000);
    expect(reflector.staleMs()).toBe(5_000);
    cluster.bookmark();
    await settle();
    expect(reflector.staleMs()).toBe(0);
    cluster.fail({ verb: 'watch', error: down(), times: 1_000 });
    cluster.endWatches();
    await clock.advance(60_000);
    expect(reflector.staleMs()).toBe(60_000);
  });

  test('is not stale for a kind that never changes while its watch can be reopened', async () => {
    const { clock, reflector } = setUp({ silenceTimeoutMs: 90_000 });
    reflector.start();
    await clock.advance(3_600_000);
    expect(reflector.staleMs()).toBeLessThan(90_200);
  });

  test.each([
    { when: 'while it watches', prepare: async () => {} },
    {
      when: 'while it waits to watch again',
      prepare: async ({ cluster }: ReturnType<typeof setUp>) => {
        cluster.endWatches(down());
        await settle();
      },
    },
    {
      when: 'while it waits to list again',
      prepare: async ({ cluster, clock }: ReturnType<typeof setUp>) => {
        cluster.put(pods, pod('x'));
        cluster.compact();
        cluster.fail({ verb: 'list', error: down() });
        cluster.fail({
          verb: 'watch',
          error: new AppError('KUBERNETES_EXPIRED', 'gone', { source: 'kubernetes', retryable: true }),
        });
        cluster.endWatches();
        await clock.advance(250);
      },
    },
  ])('leaves no watch and no timer and emits nothing when it is stopped $when', async ({ prepare }) => {
    const world = setUp();
    world.reflector.start();
    await settle();
    await prepare(world);
    await world.reflector.stop();
    expect(world.clock.pending()).toBe(0);
    const { calls, changes } = world;
    const [callsThen, changesThen] = [calls.length, changes.length];
    world.cluster.put(pods, pod('late'));
    await world.clock.advance(3_600_000);
    expect([world.cluster.openWatches(), calls.length, changes.length]).toEqual([0, callsThen, changesThen]);
  });

  test('never starts after a stop', async () => {
    const { reflector, calls } = setUp();
    await reflector.stop();
    reflector.start();
    await settle();
    expect(calls).toEqual([]);
  });
});
