import { describe, expect, test } from '@jest/globals';
import {
  decideSession,
  type Candidate,
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
const known: EndpointLookup<Endpoint> = {
  limits: { idleTimeoutMs: 20 * minuteS * 1000, absoluteTimeoutMs: 8 * 60 * minuteS * 1000 },
  find: (id) => endpoints.find((endpoint) => endpoint.id === id),
  isRemoved: (id) => id === endpointId('departed'),
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
type Sent = Candidate<Endpoint>;
const sent = (podName: string, dates?: Partial<Pick<Token, 'issuedAtS' | 'lastSeenS'>>): Sent => ({
  token: token(podName, dates),
  known,
  seenHereMs: undefined,
});

/** In short: what is done, and with which pod. */
function inShort(decision: SessionDecision<Endpoint, Sent>): string {
  if (decision.kind === 'pinned') return `pinned to ${decision.endpoint.pod}`;
  if (decision.kind === 'wait') return `wait until ${decision.untilMs - nowMs} ms from now`;
  return `${decision.kind}: ${decision.reason}`;
}

type Row = { sentence: string; candidates: Sent[]; asOfMs?: number; waitUntilMs?: number; expected: string };

const rows: Row[] = [
  { sentence: 'no token begins a session', candidates: [], expected: 'new: NoToken' },
  {
    sentence: 'a pod that accepts keeps its session',
    candidates: [sent('accepting')],
    expected: 'pinned to accepting',
  },
  { sentence: 'a pod that drains keeps its session', candidates: [sent('draining')], expected: 'pinned to draining' },
  {
    sentence: 'a pod that is not ready keeps its session',
    candidates: [sent('pending')],
    expected: 'pinned to pending',
  },
  {
    sentence: 'a pod known to be gone is lost at once',
    candidates: [sent('departed', { issuedAtS: nowS })],
    expected: 'lost: EndpointRemoved',
  },
  {
    sentence: 'a pod never heard of, in a token younger than the table: the table may be behind, wait for it',
    candidates: [sent('unheard', { issuedAtS: nowS })],
    asOfMs: nowMs - 1000,
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence:
      'clocks differ by up to five seconds: a token that is as much older than the table may still be ahead of it',
    candidates: [sent('unheard', { issuedAtS: nowS - 5 })],
    asOfMs: nowMs,
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence: 'a pod never heard of, in a token older than the table, is gone',
    candidates: [sent('unheard', { issuedAtS: nowS - 6 })],
    asOfMs: nowMs,
    expected: 'lost: NotInTable',
  },
  {
    sentence: 'waiting ends: what is not known by then is lost',
    candidates: [sent('unheard', { issuedAtS: nowS })],
    waitUntilMs: nowMs,
    expected: 'lost: NotInTable',
  },
  {
    sentence: 'idle for longer than the limit begins anew',
    candidates: [sent('accepting', { lastSeenS: nowS - 25 * minuteS })],
    expected: 'new: Expired',
  },
  {
    sentence: 'an expired session whose pod is gone is no loss',
    candidates: [sent('departed', { lastSeenS: nowS - 25 * minuteS })],
    expected: 'new: Expired',
  },
  {
    sentence: 'older than the absolute limit begins anew, however busy it is',
    candidates: [{ token: token('accepting', { issuedAtS: nowS - 8 * 60 * minuteS }), known, seenHereMs: nowMs }],
    expected: 'new: Expired',
  },
  {
    sentence: 'idle by its date, but this proxy has a stream of it open: alive',
    candidates: [{ token: token('draining', { lastSeenS: nowS - 300 * minuteS }), known, seenHereMs: nowMs }],
    expected: 'pinned to draining',
  },
  {
    sentence: 'the date of a token may be a quarter of the limit too old: in doubt it stays with its pod',
    candidates: [sent('draining', { lastSeenS: nowS - 24 * minuteS })],
    expected: 'pinned to draining',
  },
  {
    sentence: 'in doubt, with the pod gone, it counts as expired and not as lost',
    candidates: [sent('departed', { lastSeenS: nowS - 24 * minuteS })],
    expected: 'new: Expired',
  },
  {
    sentence: 'of two tokens the first wins when both have their pod',
    candidates: [sent('draining'), sent('accepting')],
    expected: 'pinned to draining',
  },
  {
    sentence: 'a token that is lost does not shadow one that has its pod',
    candidates: [sent('departed'), sent('accepting')],
    expected: 'pinned to accepting',
  },
  {
    sentence: 'an expired token does not shadow a live one',
    candidates: [sent('accepting', { lastSeenS: 1 }), sent('draining')],
    expected: 'pinned to draining',
  },
  {
    sentence: 'while one token may yet find its pod the other is not given up for lost',
    candidates: [sent('departed'), sent('unheard', { issuedAtS: nowS })],
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence: 'nor by a token that comes after it',
    candidates: [sent('unheard', { issuedAtS: nowS }), sent('departed')],
    expected: 'wait until 3000 ms from now',
  },
  {
    sentence: 'of two tokens of two backends each is judged by its own: what expired on one side may live on the other',
    candidates: [
      {
        ...sent('accepting', { lastSeenS: nowS - 4 * minuteS }),
        known: { ...known, limits: { idleTimeoutMs: minuteS * 1000 } },
      },
      sent('draining', { lastSeenS: nowS - 4 * minuteS }),
    ],
    expected: 'pinned to draining',
  },
  {
    sentence: 'a lost token counts as lost before an expired one',
    candidates: [sent('departed'), sent('accepting', { lastSeenS: 1 })],
    expected: 'lost: EndpointRemoved',
  },
  {
    sentence: 'a lost token counts as lost beside an expired one',
    candidates: [sent('accepting', { lastSeenS: 1 }), sent('departed')],
    expected: 'lost: EndpointRemoved',
  },
];

describe('what becomes of a request', () => {
  test.each(rows)('$sentence: $expected', ({ candidates, asOfMs = nowMs, waitUntilMs = nowMs + 3000, expected }) => {
    expect(inShort(decideSession<Endpoint, Sent>(candidates, { nowMs, asOfMs, waitUntilMs }))).toBe(expected);
  });
});
