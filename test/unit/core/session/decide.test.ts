import { describe, expect, test } from '@jest/globals';
import {
  decideSession,
  type TokenCandidate,
  type EndpointLookup,
  type SessionDecision,
} from '../../../../src/core/session/decide.ts';
import { endpointId, type Token } from '../../../../src/core/session/token.ts';
import type { Endpoint, EndpointState } from '../../../../src/wire/routing-table.ts';

const nowS = 1_790_000_000;
const nowMs = nowS * 1000;
const minuteS = 60;

const pod = (name: string, state: EndpointState): Endpoint => ({
  uid: name,
  id: endpointId(name),
  pod: name,
  address: '10.0.0.1',
  port: 80,
  state,
});
const endpoints = [pod('accepting', 'Accepting'), pod('draining', 'Draining'), pod('pending', 'Pending')];
const backend: EndpointLookup<Endpoint> = {
  limits: { idleTimeoutMs: 20 * minuteS * 1000, absoluteTimeoutMs: 8 * 60 * minuteS * 1000 },
  find: (id) => endpoints.find((endpoint) => endpoint.id === id),
  isRemoved: (id) => id === endpointId('removed'),
};

const token = (podName: string, dates: Partial<Pick<Token, 'issuedAtS' | 'lastSeenS'>> = {}): Token => ({
  keyId: 1,
  sessionHi: 1,
  sessionLo: 2,
  endpointId: endpointId(podName),
  backendId: 1,
  issuedAtS: nowS - 5 * minuteS,
  lastSeenS: nowS - minuteS,
  ...dates,
});
type Sent = TokenCandidate<Endpoint>;
const sent = (podName: string, dates?: Partial<Pick<Token, 'issuedAtS' | 'lastSeenS'>>): Sent => ({
  token: token(podName, dates),
  backend,
  seenHereMs: undefined,
  hasFixedDate: false,
  hasEnded: false,
});

/** The decision in short form, with the pod. */
function inShort(decision: SessionDecision<Endpoint, Sent>): string {
  if (decision.kind === 'pinned') return `pinned to ${decision.endpoint.pod}`;
  if (decision.kind === 'wait') return `wait until ${decision.untilMs - nowMs} ms from now`;
  if (decision.kind === 'kept') return 'kept';
  return `${decision.kind}: ${decision.reason}`;
}

type Row = {
  sentence: string;
  candidates: Sent[];
  asOfMs?: number;
  waitUntilMs?: number;
  watchingSinceMs?: number;
  expected: string;
};

const rows: Row[] = [
  { sentence: 'a request without a token starts a session', candidates: [], expected: 'new: NoToken' },
  {
    sentence: 'a session stays on an accepting pod',
    candidates: [sent('accepting')],
    expected: 'pinned to accepting',
  },
  { sentence: 'a session stays on a draining pod', candidates: [sent('draining')], expected: 'pinned to draining' },
  {
    sentence: 'a session stays on a pod that is not ready',
    candidates: [sent('pending')],
    expected: 'pinned to pending',
  },
  {
    sentence: 'the session of a removed pod is lost at once',
    candidates: [sent('removed', { issuedAtS: nowS })],
    expected: 'lost: EndpointRemoved',
  },
  {
    sentence: 'a token newer than the table, with an unknown pod, waits for the table',
    candidates: [sent('unknown', { issuedAtS: nowS })],
    asOfMs: nowMs - 1000,
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence: 'a token up to five seconds older than the table, with an unknown pod, waits too, because clocks differ',
    candidates: [sent('unknown', { issuedAtS: nowS - 5 })],
    asOfMs: nowMs,
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence: 'a token older than the table, with an unknown pod, is lost',
    candidates: [sent('unknown', { issuedAtS: nowS - 6 })],
    asOfMs: nowMs,
    expected: 'lost: NotInTable',
  },
  {
    sentence: 'a token newer than the table, with a pod that is still unknown at the end of the wait, is kept',
    candidates: [sent('unknown', { issuedAtS: nowS })],
    waitUntilMs: nowMs,
    expected: 'kept',
  },
  {
    sentence: 'a token whose pod is still unknown in a table that is certainly newer is lost',
    candidates: [sent('unknown', { issuedAtS: nowS - 6 })],
    asOfMs: nowMs,
    waitUntilMs: nowMs,
    expected: 'lost: NotInTable',
  },
  {
    sentence: 'a lost token does not count as lost while another is kept',
    candidates: [sent('removed'), sent('unknown', { issuedAtS: nowS })],
    waitUntilMs: nowMs,
    expected: 'kept',
  },
  {
    sentence: 'a session that was idle for longer than the limit has expired',
    candidates: [sent('accepting', { lastSeenS: nowS - 25 * minuteS })],
    expected: 'new: Expired',
  },
  {
    sentence: 'an expired session whose pod was removed does not count as lost',
    candidates: [sent('removed', { lastSeenS: nowS - 25 * minuteS })],
    expected: 'new: Expired',
  },
  {
    sentence: 'a session older than the absolute limit has expired, however busy it is',
    candidates: [{ ...sent('accepting', { issuedAtS: nowS - 8 * 60 * minuteS }), seenHereMs: nowMs }],
    expected: 'new: Expired',
  },
  {
    sentence: 'a token behind an id of the app, which the app set long ago, keeps the session on its pod',
    candidates: [{ ...sent('draining', { lastSeenS: nowS - 300 * minuteS }), hasFixedDate: true }],
    expected: 'pinned to draining',
  },
  {
    sentence: 'a token behind an id of the app that no proxy has seen for long does not count as lost with its pod',
    candidates: [{ ...sent('removed', { lastSeenS: nowS - 300 * minuteS }), hasFixedDate: true }],
    expected: 'new: Expired',
  },
  {
    sentence:
      'such a token counts as lost, with a reason of its own, at a proxy that has watched for less than the idle timeout',
    candidates: [{ ...sent('removed', { lastSeenS: nowS - 300 * minuteS }), hasFixedDate: true }],
    watchingSinceMs: nowMs - 19 * minuteS * 1000,
    expected: 'lost: PossiblyIdle',
  },
  {
    sentence: 'such a token, with a pod that no table has, does too',
    candidates: [{ ...sent('unknown', { lastSeenS: nowS - 300 * minuteS }), hasFixedDate: true }],
    watchingSinceMs: nowMs - 19 * minuteS * 1000,
    expected: 'lost: PossiblyIdle',
  },
  {
    sentence: 'such a token does not if this proxy saw the session, and not within the idle timeout',
    candidates: [
      {
        ...sent('removed', { lastSeenS: nowS - 300 * minuteS }),
        hasFixedDate: true,
        seenHereMs: nowMs - 21 * minuteS * 1000,
      },
    ],
    watchingSinceMs: nowMs - 19 * minuteS * 1000,
    expected: 'new: Expired',
  },
  {
    sentence:
      'a token behind an id of the app counts as lost with its pod if its session was seen within the idle timeout',
    candidates: [
      { ...sent('removed', { lastSeenS: nowS - 300 * minuteS }), hasFixedDate: true, seenHereMs: nowMs - 60_000 },
    ],
    expected: 'lost: EndpointRemoved',
  },
  {
    sentence: 'a session that is idle by its date but has an open stream at this proxy is live',
    candidates: [{ ...sent('draining', { lastSeenS: nowS - 300 * minuteS }), seenHereMs: nowMs }],
    expected: 'pinned to draining',
  },
  {
    sentence:
      'a session that is idle for up to a quarter more than the limit stays on its pod, because the date may be that much too old',
    candidates: [sent('draining', { lastSeenS: nowS - 24 * minuteS })],
    expected: 'pinned to draining',
  },
  {
    sentence: 'such a session counts as expired and not as lost if its pod was removed',
    candidates: [sent('removed', { lastSeenS: nowS - 24 * minuteS })],
    expected: 'new: Expired',
  },
  {
    sentence: 'of two tokens whose pods exist the first wins',
    candidates: [sent('draining'), sent('accepting')],
    expected: 'pinned to draining',
  },
  {
    sentence: 'a lost token does not shadow one whose pod exists',
    candidates: [sent('removed'), sent('accepting')],
    expected: 'pinned to accepting',
  },
  {
    sentence: 'an expired token does not shadow a live one',
    candidates: [sent('accepting', { lastSeenS: 1 }), sent('draining')],
    expected: 'pinned to draining',
  },
  {
    sentence: 'a lost token does not count as lost while a later one waits',
    candidates: [sent('removed'), sent('unknown', { issuedAtS: nowS })],
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence: 'a lost token does not count as lost while an earlier one waits',
    candidates: [sent('unknown', { issuedAtS: nowS }), sent('removed')],
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence:
      'each of two tokens of two backends is judged by its own backend: one may have expired while the other is live',
    candidates: [
      {
        ...sent('accepting', { lastSeenS: nowS - 4 * minuteS }),
        backend: { ...backend, limits: { idleTimeoutMs: minuteS * 1000 } },
      },
      sent('draining', { lastSeenS: nowS - 4 * minuteS }),
    ],
    expected: 'pinned to draining',
  },
  {
    sentence: 'a request with a lost and an expired token counts as lost',
    candidates: [sent('removed'), sent('accepting', { lastSeenS: 1 })],
    expected: 'lost: EndpointRemoved',
  },
  {
    sentence: 'a request with an expired and a lost token counts as lost',
    candidates: [sent('accepting', { lastSeenS: 1 }), sent('removed')],
    expected: 'lost: EndpointRemoved',
  },
];

describe('the session of a request', () => {
  test.each(rows)('$sentence: $expected', ({ candidates, expected, ...moment }) => {
    const at = {
      nowMs,
      asOfMs: nowMs,
      waitUntilMs: nowMs + 3000,
      watchingSinceMs: nowMs - 20 * minuteS * 1000,
      ...moment,
    };
    expect(inShort(decideSession<Endpoint, Sent>(candidates, at))).toBe(expected);
  });
});
