/** What changes in the reports of one proxy, by its table and its sessions. */
import { describe, expect, test } from '@jest/globals';
import { endpointId } from '../../../../src/core/session/token.ts';
import { CountedEndpoints, type EndpointChanges } from '../../../../src/dataplane/discovery/counted-endpoints.ts';
import { reportEndpoint } from '../../../../src/dataplane/discovery/report.ts';
import type { EndpointReport } from '../../../../src/wire/messages.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { shareUnchanged } from '../../../../src/platform/share-unchanged.ts';
import { fc } from '../../../support/fast-check.ts';
import { plainTable, proxyTable, splitTable, type ShortEndpoint } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, pods } from '../sessions/replica.ts';

const uidsOf = ({ endpoints, gone }: EndpointChanges) => ({ endpoints: endpoints.map(({ uid }) => uid), gone });

function createCounted(table: RoutingTable) {
  const replica = createReplica(table);
  const counted = new CountedEndpoints(replica.router.sessions.slots);
  const read = () => counted.read(replica.router.table() ?? table, replica.clock.nowMs());
  /** Returns what has changed since the version. */
  const changes = (version?: number) => {
    read();
    return counted.since(version);
  };
  return { replica, changes };
}

describe('the counted endpoints', () => {
  test('are those of every backend with sessions, whatever their state', () => {
    const table = proxyTable({
      endpoints: [{ pod: 'a' }, { pod: 'b', state: 'Draining' }, { pod: 'c', state: 'Pending' }],
    });
    const plain = plainTable({ 'shop/plain:80': [{ pod: 'd' }] });
    const { changes } = createCounted({ ...table, backends: { ...table.backends, ...plain.backends } });
    expect(uidsOf(changes())).toEqual({ endpoints: ['uid-a', 'uid-b', 'uid-c'], gone: [] });
  });

  test('do not include pods that are absent', () => {
    const { replica, changes } = createCounted(pods('a', 'b'));
    const { version } = changes();
    replica.swap(proxyTable({ endpoints: [{ pod: 'a' }, { pod: 'b', state: 'Absent' }] }));
    expect(uidsOf(changes(version))).toEqual({ endpoints: [], gone: ['uid-b'] });
  });

  test('change with their sessions, and no others with them', () => {
    const { replica, changes } = createCounted(pods('a', 'b'));
    const { version, endpoints } = changes();
    expect(endpoints).toHaveLength(2);
    const hold = holdOf(replica.send());
    const started = changes(version);
    expect(started.endpoints).toMatchObject([{ sessions: 1 }]);
    finish(hold);
    // The request is over, and the session that it started counts the same.
    expect(uidsOf(changes(started.version))).toEqual({ endpoints: [], gone: [] });
  });

  test('change with time while a request is open, one sixteenth of the timeout after another', async () => {
    const { replica, changes } = createCounted(pods('a'));
    holdOf(replica.send());
    const { version } = changes();
    expect(changes(version).endpoints).toEqual([]);
    await replica.clock.advance(60_000 / 16);
    expect(changes(version).endpoints).toMatchObject([{ uid: 'uid-a' }]);
  });

  test('are all sent to a replica whose last report is too old', () => {
    const { replica, changes } = createCounted(pods('a', 'b'));
    const { version } = changes();
    for (let turn = 0; turn < 600; turn += 1) {
      replica.swap(pods('a'));
      changes();
      replica.swap(pods('a', 'b'));
      changes();
    }
    expect(changes(version)).toMatchObject({ isComplete: true });
  });
});

/** A step of a proxy's life. `pod`, `session`: which one. */
const step = fc.record({
  what: fc.constantFrom('table', 'begin', 'open', 'close', 'end', 'starting', 'sweep', 'time'),
  pod: fc.constantFrom('a', 'b', 'c', 'd'),
  backend: fc.constantFrom('shop/cart', 'shop/chat'),
  session: fc.nat(5),
  isReported: fc.boolean(),
  states: fc.array(fc.constantFrom('Accepting', 'Accepting', 'Draining', 'Absent', undefined), {
    minLength: 8,
    maxLength: 8,
  }),
  afterMs: fc.constantFrom(1, 500, 3000, 20_000, 90_000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const endpointsOf = (states: Step['states']): ShortEndpoint[] =>
  ['a', 'b', 'c', 'd'].flatMap((pod, at) => {
    const state = states[at];
    return state === undefined ? [] : [{ pod, state, ...(state === 'Absent' && { uid: `shop/${pod}` }) }];
  });

const tableOf = ({ states, afterMs }: Step): RoutingTable =>
  splitTable({
    'shop/cart': { weight: 1, endpoints: endpointsOf(states.slice(0, 4)), limits: { idleTimeoutMs: 60_000 } },
    'shop/chat': {
      weight: 1,
      endpoints: endpointsOf(states.slice(4)),
      limits: { idleTimeoutMs: 32_000 + afterMs, confirmTimeoutMs: 8000 },
    },
  });

const first: Step = {
  what: 'table',
  pod: 'a',
  backend: 'shop/cart',
  session: 0,
  isReported: true,
  states: Array.from({ length: 8 }, () => 'Accepting' as const),
  afterMs: 1,
};

/** What a complete report says, from the table itself. */
function countAll({ backends }: RoutingTable, { router, clock }: ReturnType<typeof createReplica>) {
  const all = new Map<string, EndpointReport>();
  for (const { uid, id, state } of Object.values(backends).flatMap(({ endpoints }) => endpoints)) {
    const counts = router.sessions.slots.ofEndpoint(id);
    if (state !== 'Absent') all.set(uid, reportEndpoint(uid, counts, clock.nowMs()));
  }
  return all;
}

test('the changes of each report add up to what a complete report says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 40 }), async (steps) => {
      let table = tableOf(first);
      const { replica, changes } = createCounted(table);
      const { sessions } = replica.router;
      const received = new Map<string, EndpointReport>();
      let version: number | undefined;
      const take = (one: Step, slot: Parameters<typeof sessions.begin>[1]) => {
        const session = { sessionHi: 1, sessionLo: one.session, issuedAtS: 0 };
        const nowMs = replica.clock.nowMs();
        if (one.what === 'begin' && sessions.isConfirmed(session) === undefined) {
          sessions.begin(session, slot, { nowMs, start: one.pod === 'a' ? 'Confirmed' : 'Unconfirmed' });
        }
        if (one.what === 'open') sessions.open(session, slot, nowMs);
        if (one.what === 'close') sessions.close(session, nowMs);
        if (one.what === 'end') sessions.end(session, 'Application');
        if (one.what === 'starting') sessions.addStarting(slot, 'Unconfirmed', slot.starting > 0 ? -1 : 1);
      };
      for (const one of steps) {
        const slot = replica.router.slotOf(one.backend, endpointId(`uid-${one.pod}`));
        if (one.what === 'table') replica.swap((table = shareUnchanged(table, tableOf(one))));
        else if (one.what === 'sweep') replica.sweep();
        else if (one.what === 'time') await replica.clock.advance(one.afterMs);
        else if (slot) take(one, slot);
        if (one.isReported) {
          const { isComplete, endpoints, gone, ...next } = changes(version);
          if (isComplete) received.clear();
          for (const uid of gone) received.delete(uid);
          for (const endpoint of endpoints) received.set(endpoint.uid, endpoint);
          expect(received).toEqual(countAll(table, replica));
          ({ version } = next);
        }
      }
    }),
    { numRuns: 100 },
  );
});
