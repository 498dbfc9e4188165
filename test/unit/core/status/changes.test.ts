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

/** Returns the healthy conditions with some of them replaced. */
const but = (...others: Condition[]): StickyWorkloadStatus => ({
  conditions: fine.map((one) => others.find(({ type }) => type === one.type) ?? one),
});

describe('the events of a transition', () => {
  const rows: [string, StickyWorkloadStatus | undefined, StickyWorkloadStatus, string[]][] = [
    ['are none without a change', but(), but(), []],
    [
      'are none if only a message changed',
      but(),
      { conditions: fine.map((one) => ({ ...one, message: 'other' })) },
      [],
    ],
    [
      'are one for each condition of a new, healthy StickyWorkload',
      undefined,
      but(),
      ['Normal Accepted', 'Normal Programmed', 'Normal Ready'],
    ],
    [
      'are only that of the cause if a new spec is refused',
      undefined,
      refused('TargetNotFound'),
      ['Warning TargetNotFound'],
    ],
    [
      'include a refusal for another reason',
      refused('TargetNotFound'),
      refused('TargetPortAmbiguous'),
      ['Warning TargetPortAmbiguous'],
    ],
    [
      'include the end of a refusal',
      refused('TargetNotFound'),
      but(),
      ['Normal Accepted', 'Normal Programmed', 'Normal Ready'],
    ],
    [
      'are normal while the proxy is starting',
      undefined,
      programmed('ProxyNotReady'),
      ['Normal Accepted', 'Normal ProxyNotReady'],
    ],
    ['are warnings when the proxy fails', but(), programmed('ProxyNotReady'), ['Warning ProxyNotReady']],
    ['include an object of another owner', but(), programmed('ServiceConflict'), ['Warning ServiceConflict']],
    [
      'are normal when Gateway API is uninstalled, which the proxy does not need',
      but(),
      but(condition('Programmed', 'True', 'GatewayAPIMissing')),
      ['Normal GatewayAPIMissing'],
    ],
    [
      'include pods without the sidecar',
      but(),
      but(condition('Injected', 'False', 'PodsNotInjected'), condition('Ready', 'False', 'NotInjected')),
      ['Warning PodsNotInjected'],
    ],
    [
      'include pods that have the sidecar again',
      but(condition('Injected', 'False', 'PodsNotInjected')),
      but(),
      ['Normal Injected'],
    ],
    [
      'include the loss of the last accepting pod',
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

describe('a pod that starts to drain', () => {
  test('has one event on the StickyWorkload and one on the pod, with sessions and deadline', () => {
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

  test('has these events also when it is first observed draining', () => {
    expect(eventsOf(undefined, { endpoints: [endpoint('a', 'Draining')] })).toHaveLength(2);
  });
});

describe('a limit shorter than drain.timeout', () => {
  const limited = (limitedBy: string): StickyWorkloadStatus => ({ effectiveDrainLimit: { duration: '2m', limitedBy } });
  const rows: [string, StickyWorkloadStatus | undefined, StickyWorkloadStatus, string[]][] = [
    ['is reported if it exists from the start', undefined, limited('SpotNode node-1'), ['Warning DrainLimited']],
    ['is reported when it appears', limited('drain.timeout'), limited('SpotNode node-1'), ['Warning DrainLimited']],
    ['is not reported when it disappears', limited('SpotNode node-1'), limited('drain.timeout'), []],
    ['is not reported again for another node', limited('SpotNode node-1'), limited('SpotNode node-2'), []],
    [
      'is reported again for another kind',
      limited('SpotNode node-1'),
      limited('DeletedWithShorterGrace cart-a'),
      ['Warning DrainLimited'],
    ],
    [
      'is not reported for pods without the sidecar, which have their own condition',
      limited('drain.timeout'),
      limited('PodWithoutSidecar cart-a'),
      [],
    ],
    ['is not reported if it is drain.timeout itself', undefined, limited('drain.timeout'), []],
  ];
  test.each(rows)('%s', (_, before, after, expected) => {
    expect(eventsOf(before, after).map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected);
  });
});

describe('a status is written only if it changed', () => {
  const status: StickyWorkloadStatus = {
    ...but(),
    endpoints: [endpoint('a', 'Accepting'), endpoint('b', 'Accepting')],
    sessions: { confirmed: 1, draining: 0 },
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
      'an undefined field, which JSON omits',
      { ...status },
      { ...status, ...({ selector: undefined } as object) },
      false,
    ],
    ['one more session', status, { ...status, sessions: { confirmed: 2, draining: 0 } }, true],
    ['one more field', status, { ...status, selector: 'a=b' }, true],
    ['one field less', { ...status, selector: 'a=b' }, status, true],
    ['one endpoint less', status, { ...status, endpoints: [endpoint('a', 'Accepting')] }, true],
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
