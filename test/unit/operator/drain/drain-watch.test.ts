import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionSource } from '../../../../src/wire/messages.ts';
import type { EventNote, KubeObject } from '../../../../src/kube/ports.ts';
import type { Change } from '../../../../src/kube/watch/store.ts';
import { createCounters, type OperatorCounters } from '../../../../src/operator/counters.ts';
import type { ChangeListener } from '../../../../src/operator/gather/caches.ts';
import { projectPod } from '../../../../src/operator/gather/pods.ts';
import { createDrainWatch, type DrainWatch } from '../../../../src/operator/drain/drain-watch.ts';
import { createMemoryClock, type MemoryClock } from '../../../support/memory-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { pod } from '../../../support/operator-objects.ts';
import { stickyWorkload } from '../../../support/world.ts';

let clock: MemoryClock;
let counters: OperatorCounters;
let events: EventNote[];
let watch: DrainWatch;
let tell: ChangeListener;
let isLeader: boolean;
/** Of every pod; undefined: unknown. */
let sessions: number | undefined;

beforeEach(() => {
  clock = createMemoryClock();
  counters = createCounters();
  events = [];
  isLeader = true;
  sessions = 3;
  const listeners: ChangeListener[] = [];
  const sources = (): SessionSource[] => [
    sessions === undefined
      ? { type: 'Proxy', known: false, reason: 'proxy pod p has not reported' }
      : { type: 'Proxy', known: true, sessions },
  ];
  watch = createDrainWatch({
    caches: { onChange: (listener) => (listeners.push(listener), () => void listeners.pop()) },
    clusterState: { workload: () => stickyWorkload({ name: 'cart' }) },
    events: { emit: (event) => void events.push(event) },
    countsOf: (uids) => new Map(sessions === undefined ? [] : uids.map((uid) => [uid, sessions ?? 0])),
    sources,
    isLeader: () => isLeader,
    counters,
    clock,
    logger: createMemoryLogger(),
  });
  tell = (name, change) => {
    for (const listener of listeners) listener(name, change);
  };
});

const ref = { namespace: 'shop', name: 'cart-a', uid: 'uid-cart-a' };

/** The pod as the API server tells of it at a moment. */
function seen({
  graceSeconds,
  endings = 0,
  phase = 'Running',
}: { graceSeconds?: number; endings?: number; phase?: string } = {}): KubeObject {
  const whole = pod({ name: 'cart-a', of: 'cart-1', app: 'cart', workload: 'cart' });
  const deletion =
    graceSeconds === undefined
      ? {}
      : {
          deletionTimestamp: new Date(clock.nowMs() + graceSeconds * 1000).toISOString(),
          deletionGracePeriodSeconds: graceSeconds,
        };
  const sidecar = {
    name: 'holdfast-sidecar',
    restartCount: endings,
    state: { running: {} },
    ...(endings > 0 && { lastState: { terminated: { reason: 'OOMKilled' } } }),
  };
  const status = {
    phase,
    initContainerStatuses: [sidecar],
    containerStatuses: [{ name: 'app', state: phase === 'Running' ? { running: {} } : { terminated: {} } }],
  };
  return projectPod({ ...whole, metadata: { ...whole.metadata, ...deletion }, status });
}

const modified = (object: KubeObject, previous: KubeObject): Change => ({ type: 'MODIFIED', object, previous });
const told = () => events.map(({ type, reason, regarding }) => `${type} ${reason} ${regarding.kind} ${regarding.name}`);
const twice = (line: string) => [`${line} Pod cart-a`, `${line} StickyWorkload cart`];

/** Deleted now, with the grace that injection gave it: an hour and the margins. */
function terminate(graceSeconds = 3640): KubeObject {
  const terminating = seen({ graceSeconds });
  tell('pods', modified(terminating, seen()));
  return terminating;
}

describe('a drain that goes well', () => {
  test('is not spoken of: its sidecar does that', async () => {
    const terminating = terminate();
    await clock.advance(60_000);
    watch.heard(ref);
    tell('pods', modified(seen({ graceSeconds: 3640, phase: 'Succeeded' }), terminating));
    tell('pods', { type: 'DELETED', object: terminating });
    expect(told()).toEqual([]);
  });

  test('nor where another replica heard the sidecar: zero sessions are no loss', () => {
    const terminating = terminate();
    sessions = 0;
    tell('pods', { type: 'DELETED', object: terminating });
    expect(told()).toEqual([]);
  });

  test('nor at its limit, with sessions that are left', async () => {
    const terminating = terminate();
    await clock.advance(3_600_000);
    events = [];
    tell('pods', { type: 'DELETED', object: terminating });
    expect(told()).toEqual([]);
  });
});

describe('a pod that vanishes with sessions', () => {
  test('is told of once, on the pod and on the StickyWorkload, and counted', () => {
    const terminating = terminate();
    tell('pods', modified(seen({ graceSeconds: 3640, phase: 'Failed' }), terminating));
    tell('pods', { type: 'DELETED', object: terminating });
    expect(told()).toEqual(twice('Warning DrainBroken'));
    expect(events.at(-1)?.note).toMatch(/^Pod cart-a: the pod disappeared with 3 sessions/);
    expect([...counters.drains]).toEqual([['shop/cart/DrainBroken', 1]]);
    expect([...counters.sessionsCut]).toEqual([['shop/cart/DrainBroken', 3]]);
  });

  test('also by the delete with a grace of 0 that is seen just before it is gone', () => {
    const terminating = terminate();
    const forced = seen({ graceSeconds: 0 });
    tell('pods', modified(forced, terminating));
    tell('pods', { type: 'DELETED', object: forced });
    expect(told()).toEqual(twice('Warning DrainBroken'));
  });

  test('also where nobody had deleted it', () => {
    tell('pods', { type: 'ADDED', object: seen() });
    tell('pods', { type: 'DELETED', object: seen() });
    expect(told()).toEqual(twice('Warning DrainBroken'));
  });

  test('is told of by the leader alone, but a new leader does not tell of it again', () => {
    const terminating = terminate();
    isLeader = false;
    tell('pods', modified(seen({ graceSeconds: 3640, phase: 'Failed' }), terminating));
    isLeader = true;
    tell('pods', { type: 'DELETED', object: terminating });
    expect(told()).toEqual([]);
  });

  test('with an unknown number of them: nothing is claimed', () => {
    const terminating = terminate();
    sessions = undefined;
    tell('pods', { type: 'DELETED', object: terminating });
    expect(told()).toEqual([]);
  });

  test('a later pod of the same name is another', () => {
    const terminating = terminate();
    tell('pods', { type: 'DELETED', object: terminating });
    events = [];
    tell('pods', { type: 'DELETED', object: terminate() });
    expect(told()).toEqual(twice('Warning DrainBroken'));
  });
});

test('a sidecar that is killed while it holds is told of once, and the end of its pod not again', () => {
  const terminating = terminate();
  const restarted = seen({ graceSeconds: 3640, endings: 1 });
  tell('pods', modified(restarted, terminating));
  tell('pods', modified(restarted, restarted));
  tell('pods', { type: 'DELETED', object: restarted });
  expect(told()).toEqual(twice('Warning SidecarRestarted'));
  expect([...counters.drains]).toEqual([['shop/cart/SidecarRestarted', 1]]);
});

describe('a drain that takes long', () => {
  test('is told of once, when half of its time is over', async () => {
    terminate();
    await clock.advance(1_799_000);
    expect(told()).toEqual([]);
    await clock.advance(1000);
    expect(told()).toEqual(twice('Normal DrainHeld'));
    expect(events[0]?.note).toBe(
      'half of its time is over, and 3 sessions are still there. It goes when they have ended, at the latest at 2026-01-01T01:00:00Z; deleting it by force would cut them.',
    );
    await clock.advance(1_800_000);
    expect(told()).toHaveLength(2);
  });

  test('with sessions that nobody can count: by whom', async () => {
    terminate();
    sessions = undefined;
    await clock.advance(1_800_000);
    expect(events[0]?.note).toContain('its sessions cannot be counted (proxy pod p has not reported)');
  });

  test('a second delete with a shorter grace brings it forward', async () => {
    const terminating = terminate();
    tell('pods', modified(seen({ graceSeconds: 130 }), terminating));
    await clock.advance(50_000);
    expect(told()).toEqual(twice('Normal DrainHeld'));
  });

  test.each<[string, () => void]>([
    ['its sidecar has told how it ended', () => watch.heard(ref)],
    ['it has no session any more', () => void (sessions = 0)],
    [
      'its pod is gone',
      () => ((sessions = 0), tell('pods', { type: 'DELETED', object: seen({ graceSeconds: 3640 }) })),
    ],
    ['this replica does not lead', () => void (isLeader = false)],
    ['it is stopped', () => watch.stop()],
  ])('not where %s', async (_, act) => {
    terminate();
    act();
    await clock.advance(1_800_000);
    expect(told()).toEqual([]);
  });
});
