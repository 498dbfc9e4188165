import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionSource } from '../../../../src/wire/messages.ts';
import type { EventNote, KubeObject } from '../../../../src/kube/ports.ts';
import type { Change } from '../../../../src/kube/watch/store.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { createCounters, type OperatorCounters } from '../../../../src/operator/counters.ts';
import type { ChangeListener } from '../../../../src/operator/gather/caches.ts';
import { type CachedPod, projectPod } from '../../../../src/operator/gather/pods.ts';
import { createDrainWatch, type DrainWatch } from '../../../../src/operator/drain/drain-watch.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { pod } from '../../../support/operator-objects.ts';
import { snapshotOf, stickyWorkload } from '../../../support/world.ts';

let clock: ManualClock;
let counters: OperatorCounters;
let events: EventNote[];
let watch: DrainWatch;
let notify: ChangeListener;
let isLeader: boolean;
const snapshot = snapshotOf({ targets: [{ name: 'cart', containerPorts: [{ name: 'http', port: 9191 }] }] });
/** The count of every pod; undefined: unknown. */
let sessions: number | undefined;

beforeEach(() => {
  clock = createManualClock();
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
    clusterState: {
      workload: () => stickyWorkload({ name: 'cart', spec: { service: { targetPort: 9191 } } }),
      hasSuccessor: () => false,
    },
    translations: { latest: () => ({ snapshot, translation: translate(snapshot), faults: [] }) },
    events: { emit: (event) => void events.push(event) },
    countsOf: (uids) =>
      new Map(sessions === undefined ? [] : uids.map((uid) => [uid, { confirmed: sessions ?? 0, unconfirmed: 0 }])),
    sources,
    isLeader: () => isLeader,
    counters,
    clock,
    logger: createMemoryLogger(),
  });
  notify = (name, change) => {
    for (const listener of listeners) listener(name, change);
  };
});

const ref = { namespace: 'shop', name: 'cart-a', uid: 'uid-cart-a' };

/** A version of the pod as the API server sends it. */
function seen({
  graceSeconds,
  endings = 0,
  phase = 'Running',
}: { graceSeconds?: number; endings?: number; phase?: string } = {}): CachedPod {
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
const emitted = () =>
  events.map(({ type, reason, regarding }) => `${type} ${reason} ${regarding.kind} ${regarding.name}`);
const twice = (line: string) => [`${line} Pod cart-a`, `${line} StickyWorkload cart`];

/** Deleted now, with the grace period that injection set: an hour and the margins. */
function terminate(graceSeconds = 3640): KubeObject {
  const terminating = seen({ graceSeconds });
  notify('pods', modified(terminating, seen()));
  return terminating;
}

describe('a drain that completes', () => {
  test('causes no event of the watch, because its sidecar reports it', async () => {
    const terminating = terminate();
    await clock.advance(60_000);
    watch.settle(ref);
    notify('pods', modified(seen({ graceSeconds: 3640, phase: 'Succeeded' }), terminating));
    notify('pods', { type: 'DELETED', object: terminating });
    expect(emitted()).toEqual([]);
  });

  test('causes no event without sessions, even if the sidecar reported to another replica', () => {
    const terminating = terminate();
    sessions = 0;
    notify('pods', { type: 'DELETED', object: terminating });
    expect(emitted()).toEqual([]);
  });

  test('causes no event at its timeout, even if sessions remain', async () => {
    const terminating = terminate();
    await clock.advance(3_600_000);
    events = [];
    notify('pods', { type: 'DELETED', object: terminating });
    expect(emitted()).toEqual([]);
  });
});

describe('a pod that is deleted while it has sessions', () => {
  test('is reported once, on the pod and on the StickyWorkload, and counted', () => {
    const terminating = terminate();
    notify('pods', modified(seen({ graceSeconds: 3640, phase: 'Failed' }), terminating));
    notify('pods', { type: 'DELETED', object: terminating });
    expect(emitted()).toEqual(twice('Warning DrainBroken'));
    expect(events.at(-1)?.note).toMatch(/^Pod cart-a: the pod disappeared with 3 sessions/);
    expect([...counters.drains]).toEqual([['shop/cart/DrainBroken', 1]]);
    expect([...counters.sessionsCut]).toEqual([['shop/cart/DrainBroken', 3]]);
  });

  test('is reported after a delete with grace period 0 that the watch sees first', () => {
    const terminating = terminate();
    const forced = seen({ graceSeconds: 0 });
    notify('pods', modified(forced, terminating));
    notify('pods', { type: 'DELETED', object: forced });
    expect(emitted()).toEqual(twice('Warning DrainBroken'));
  });

  test('is reported even if no deletion was seen before', () => {
    notify('pods', { type: 'ADDED', object: seen() });
    notify('pods', { type: 'DELETED', object: seen() });
    expect(emitted()).toEqual(twice('Warning DrainBroken'));
  });

  test('is reported by the leader only, and a new leader does not report it again', () => {
    const terminating = terminate();
    isLeader = false;
    notify('pods', modified(seen({ graceSeconds: 3640, phase: 'Failed' }), terminating));
    isLeader = true;
    notify('pods', { type: 'DELETED', object: terminating });
    expect(emitted()).toEqual([]);
  });

  test('is not reported if its session count is unknown', () => {
    const terminating = terminate();
    sessions = undefined;
    notify('pods', { type: 'DELETED', object: terminating });
    expect(emitted()).toEqual([]);
  });

  test('is reported again for a later pod of the same name', () => {
    const terminating = terminate();
    notify('pods', { type: 'DELETED', object: terminating });
    events = [];
    notify('pods', { type: 'DELETED', object: terminate() });
    expect(emitted()).toEqual(twice('Warning DrainBroken'));
  });
});

describe('a terminating pod of an older template, in which the exporter has the number that the target port has now', () => {
  function exited(container: string): CachedPod {
    const cached = seen({ graceSeconds: 3640 });
    const ports = [
      { port: 8080, name: 'http', container: 'app' },
      { port: 9191, name: 'metrics', container: 'exporter' },
    ];
    return { ...cached, pod: { ...cached.pod, ports, exits: { [container]: 7 } } };
  }

  test('is reported when its app exits with sessions', () => {
    notify('pods', modified(exited('app'), terminate()));
    expect(emitted()).toEqual(twice('Warning DrainBroken'));
  });

  test('is not reported when its exporter exits', () => {
    notify('pods', modified(exited('exporter'), terminate()));
    expect(emitted()).toEqual([]);
  });
});

test('a sidecar that is killed while it holds its pod is reported once, and the deletion of the pod is not reported again', () => {
  const terminating = terminate();
  const restarted = seen({ graceSeconds: 3640, endings: 1 });
  notify('pods', modified(restarted, terminating));
  notify('pods', modified(restarted, restarted));
  notify('pods', { type: 'DELETED', object: restarted });
  expect(emitted()).toEqual(twice('Warning SidecarRestarted'));
  expect([...counters.drains]).toEqual([['shop/cart/SidecarRestarted', 1]]);
});

describe('a pod that is not released although it has no session', () => {
  // Quiet period 5 s, shutdown margin 30 s, a minute of slack, and at most 15 s until the zero is seen.
  const noticedMs = 5000 + 30_000 + 60_000 + 2 * 15_000;

  test('is reported once: its sidecar may not reach the operator', async () => {
    sessions = 0;
    terminate();
    await clock.advance(noticedMs);
    expect(emitted()).toEqual(twice('Warning DrainNotReleased'));
    expect(events[0]?.note).toMatch(
      /^No proxy has counted a session of the pod for 1m\d+s.*cannot reach the operator.*kubectl logs cart-a -n shop -c holdfast-sidecar\.$/,
    );
    await clock.advance(noticedMs);
    expect(emitted()).toHaveLength(2);
  });

  test('is not reported while it has sessions, while they are unknown, or after it has terminated', async () => {
    terminate();
    await clock.advance(noticedMs);
    sessions = undefined;
    await clock.advance(noticedMs);
    sessions = 0;
    await clock.advance(30_000);
    watch.settle(ref);
    await clock.advance(noticedMs);
    expect(emitted()).toEqual([]);
  });
});

describe('a drain that takes long', () => {
  test('is reported once, when half of the drain timeout has elapsed', async () => {
    terminate();
    await clock.advance(1_799_000);
    expect(emitted()).toEqual([]);
    await clock.advance(1000);
    expect(emitted()).toEqual(twice('Normal DrainHeld'));
    expect(events[0]?.note).toBe(
      'Half of the drain timeout has elapsed; 3 sessions remain. The pod terminates when its sessions have ended, at 2026-01-01T01:00:00Z at the latest; a forced deletion would cut them.',
    );
    await clock.advance(1_800_000);
    expect(emitted()).toHaveLength(2);
  });

  test('is reported with the proxy whose sessions are unknown', async () => {
    terminate();
    sessions = undefined;
    await clock.advance(1_800_000);
    expect(events[0]?.note).toContain('its sessions cannot be counted (proxy pod p has not reported)');
  });

  test('is reported earlier after a second delete with a shorter grace period', async () => {
    const terminating = terminate();
    notify('pods', modified(seen({ graceSeconds: 130 }), terminating));
    await clock.advance(50_000);
    expect(emitted()).toEqual(twice('Normal DrainHeld'));
  });

  test.each<[string, () => void]>([
    ['its sidecar has reported the end', () => watch.settle(ref)],
    ['it has no sessions left', () => void (sessions = 0)],
    [
      'its pod is deleted',
      () => ((sessions = 0), notify('pods', { type: 'DELETED', object: seen({ graceSeconds: 3640 }) })),
    ],
    ['this replica is not the leader', () => void (isLeader = false)],
    ['the watch is stopped', () => watch.stop()],
  ])('is not reported when %s', async (_, act) => {
    terminate();
    act();
    await clock.advance(1_800_000);
    expect(emitted().filter((event) => event.includes('DrainHeld'))).toEqual([]);
  });
});
