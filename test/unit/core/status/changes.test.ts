import { describe, expect, test } from '@jest/globals';
import type { Condition, EndpointStatus, StickyWorkloadStatus } from '../../../../src/api/status.ts';
import { eventsOf, statusChanged } from '../../../../src/core/status/changes.ts';

const condition = (type: string, status: 'True' | 'False', reason: string): Condition => ({
  type,
  status,
  reason,
  message: `${reason}!`,
  lastTransitionTime: 't',
});
const endpoint = (letter: string, state: EndpointStatus['state']): EndpointStatus => ({
  pod: `cart-${letter}`,
  uid: letter,
  state,
});

const fine = [
  condition('Accepted', 'True', 'Accepted'),
  condition('Programmed', 'True', 'Programmed'),
  condition('Injected', 'True', 'Injected'),
  condition('Ready', 'True', 'Ready'),
];

/** The healthy conditions with some of them replaced. */
const but = (...others: Condition[]): StickyWorkloadStatus => ({
  conditions: fine.map((one) => others.find(({ type }) => type === one.type) ?? one),
});

describe('events tell what turned', () => {
  const rows: [string, StickyWorkloadStatus | undefined, StickyWorkloadStatus, string[]][] = [
    ['nothing turned', but(), but(), []],
    ['a message alone is no news', but(), { conditions: fine.map((one) => ({ ...one, message: 'other' })) }, []],
    ['it began and all is well', undefined, but(), ['Normal Accepted', 'Normal Programmed', 'Normal Ready']],
    [
      'it began and the spec is refused: said once, by the cause',
      undefined,
      refused('TargetNotFound'),
      ['Warning TargetNotFound'],
    ],
    [
      'it is refused for another reason than before',
      refused('TargetNotFound'),
      refused('TargetPortAmbiguous'),
      ['Warning TargetPortAmbiguous'],
    ],
    ['the refusal is over', refused('TargetNotFound'), but(), ['Normal Accepted', 'Normal Programmed', 'Normal Ready']],
    [
      'the proxy is still starting',
      undefined,
      programmed('ProxyNotReady'),
      ['Normal Accepted', 'Normal ProxyNotReady'],
    ],
    ['the proxy failed', but(), programmed('ProxyNotReady'), ['Warning ProxyNotReady']],
    ['a stranger is in the way', but(), programmed('ServiceConflict'), ['Warning ServiceConflict']],
    [
      'Gateway API went away, and it works all the same',
      but(),
      but(condition('Programmed', 'True', 'GatewayAPIMissing')),
      ['Normal GatewayAPIMissing'],
    ],
    [
      'pods lost their sidecar',
      but(),
      but(condition('Injected', 'False', 'PodsNotInjected'), condition('Ready', 'False', 'NotInjected')),
      ['Warning PodsNotInjected'],
    ],
    ['pods have it again', but(condition('Injected', 'False', 'PodsNotInjected')), but(), ['Normal Injected']],
    [
      'the last accepting pod went',
      but(),
      but(condition('Ready', 'False', 'NoPodsAccepting')),
      ['Warning NoPodsAccepting'],
    ],
  ];
  test.each(rows)('%s', (_, before, after, expected) => {
    const events = eventsOf(before, after);
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected);
    expect(events.map(({ note }) => note)).toEqual(expected.map((line) => `${line.split(' ')[1]}!`));
  });
});

describe('a pod that begins to drain is told of once', () => {
  test('by pod, with what it has and until when', () => {
    const draining = {
      ...endpoint('b', 'Draining'),
      reason: 'PodTerminating',
      sessions: 3,
      deadline: '2026-05-01T13:00:00Z',
    };
    const events = eventsOf(
      { endpoints: [endpoint('a', 'Draining'), endpoint('b', 'Accepting')] },
      { endpoints: [endpoint('a', 'Draining'), draining] },
    );
    expect(events).toEqual([
      {
        type: 'Normal',
        reason: 'PodTerminating',
        action: 'Drain',
        note: 'Pod cart-b keeps 3 sessions and gets no new sessions; it terminates when they have ended, or at 2026-05-01T13:00:00Z at the latest.',
      },
      {
        type: 'Normal',
        reason: 'PodTerminating',
        action: 'Drain',
        note: 'The pod keeps 3 sessions and gets no new sessions; it terminates when they have ended, or at 2026-05-01T13:00:00Z at the latest.',
        pod: { name: 'cart-b', uid: 'b' },
      },
    ]);
  });

  test('also when it is first seen draining', () => {
    expect(eventsOf(undefined, { endpoints: [endpoint('a', 'Draining')] })).toHaveLength(2);
  });
});

describe('a limit of the cluster that is tighter than drain.timeout is told of once', () => {
  const limited = (limitedBy: string): StickyWorkloadStatus => ({ effectiveDrainLimit: { duration: '2m', limitedBy } });
  const rows: [string, StickyWorkloadStatus | undefined, StickyWorkloadStatus, string[]][] = [
    ['it was there from the beginning', undefined, limited('SpotNode node-1'), ['Warning DrainLimited']],
    ['it came', limited('drain.timeout'), limited('SpotNode node-1'), ['Warning DrainLimited']],
    ['it went', limited('SpotNode node-1'), limited('drain.timeout'), []],
    ['it is of another node now', limited('SpotNode node-1'), limited('SpotNode node-2'), []],
    [
      'it is of another kind now',
      limited('SpotNode node-1'),
      limited('DeletedWithShorterGrace cart-a'),
      ['Warning DrainLimited'],
    ],
    [
      'pods without sidecar have a condition of their own',
      limited('drain.timeout'),
      limited('PodWithoutSidecar cart-a'),
      [],
    ],
    ['what was asked for is no limit', undefined, limited('drain.timeout'), []],
  ];
  test.each(rows)('%s', (_, before, after, expected) => {
    expect(eventsOf(before, after).map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected);
  });
});

describe('a status is written only when it differs', () => {
  const status: StickyWorkloadStatus = {
    ...but(),
    endpoints: [endpoint('a', 'Accepting'), endpoint('b', 'Accepting')],
    sessions: { active: 1, draining: 0 },
  };
  const rows: [string, StickyWorkloadStatus | undefined, StickyWorkloadStatus, boolean][] = [
    ['the first one', undefined, {}, true],
    ['the same', status, structuredClone(status), false],
    [
      'the same with its fields in another order',
      status,
      Object.fromEntries(Object.entries(status).toReversed()),
      false,
    ],
    [
      'a field that is undefined, which JSON drops',
      { ...status },
      { ...status, ...({ selector: undefined } as object) },
      false,
    ],
    ['one session more', status, { ...status, sessions: { active: 2, draining: 0 } }, true],
    ['a field more', status, { ...status, selector: 'a=b' }, true],
    ['a field less', { ...status, selector: 'a=b' }, status, true],
    ['an endpoint less', status, { ...status, endpoints: [endpoint('a', 'Accepting')] }, true],
    [
      'endpoints in another order',
      status,
      { ...status, endpoints: [endpoint('b', 'Accepting'), endpoint('a', 'Accepting')] },
      true,
    ],
  ];
  test.each(rows)('%s', (_, before, after, changed) => {
    expect(statusChanged(before, after)).toBe(changed);
  });
});

function refused(reason: string): StickyWorkloadStatus {
  return but(
    condition('Accepted', 'False', reason),
    condition('Programmed', 'False', 'NotAccepted'),
    condition('Ready', 'False', 'NotAccepted'),
  );
}

function programmed(reason: string): StickyWorkloadStatus {
  return but(condition('Programmed', 'False', reason), condition('Ready', 'False', 'NotProgrammed'));
}
