import { describe, expect, test } from '@jest/globals';
import {
  keptForMs,
  patienceMs,
  planRotation,
  promoteAfterMs,
  rotateAfterMs,
  type ProxyKeys,
  type RotationState,
} from '../../../../src/core/keys/rotation.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const now = 100 * day;
const limits = { idleTimeoutMs: 30 * minute };

/** Written short: `1,2*,3` is a ring of three keys of which key 2 signs. */
function ringOf(short: string): { current: number; ids: number[] } {
  const ids = short.split(',').map((part) => Number.parseInt(part, 10));
  return { current: Number.parseInt(short.split(',').find((part) => part.endsWith('*')) ?? '', 10), ids };
}
const proxies = (...shorts: (string | undefined)[]): ProxyKeys[] =>
  shorts.map((short, index) => ({ uid: `p${index}`, ...(short !== undefined && { ring: ringOf(short) }) }));

type Times = Partial<Pick<RotationState, 'addedAtMs' | 'promotedAtMs' | 'settledAtMs'>>;
type Case = {
  ring: string;
  ago?: { added?: number; promoted?: number; settled?: number };
  known?: (string | undefined)[];
  requested?: boolean;
  absoluteTimeoutMs?: number;
};

/** `ago`: how long since each step. By default every proxy knows the ring, which is a day old. */
function plan({ ring, ago = {}, known = [ring, ring], requested = false, absoluteTimeoutMs }: Case): string {
  const times: Times = {
    ...(ago.added !== undefined && { addedAtMs: now - ago.added }),
    ...(ago.settled !== undefined && { settledAtMs: now - ago.settled }),
  };
  const state: RotationState = { ...ringOf(ring), promotedAtMs: now - (ago.promoted ?? day), ...times };
  const given = { ...limits, ...(absoluteTimeoutMs !== undefined && { absoluteTimeoutMs }) };
  const answer = planRotation({ state, proxies: proxies(...known), limits: given, requested }, now);
  if (answer.kind === 'waiting') return `waiting: ${answer.message}`;
  if (answer.kind === 'nothing') return 'nothing';
  const { step } = answer;
  if (step.kind === 'Settled') return 'Settled';
  return step.kind === 'Retired' ? `Retired ${step.keyIds.join(',')}` : `${step.kind} ${step.keyId}`;
}

const rows: [string, Case, string][] = [
  ['a ring at rest', { ring: '1*' }, 'nothing'],
  ['a key of 30 days is followed by another', { ring: '1*', ago: { promoted: rotateAfterMs } }, 'Added 2'],
  ['one of less is not', { ring: '1*', ago: { promoted: rotateAfterMs - 1 } }, 'nothing'],
  ['a rotation that was asked for begins', { ring: '7*', requested: true }, 'Added 8'],
  [
    'also while proxies are silent: a key that does not sign can do no harm',
    { ring: '1*', requested: true, known: [undefined] },
    'Added 2',
  ],
  [
    'a key that was just added waits, for replicas whose watches lag',
    { ring: '1*,2', ago: { added: promoteAfterMs - 1 } },
    'nothing',
  ],
  ['a key that every proxy has begins to sign', { ring: '1*,2', ago: { added: promoteAfterMs } }, 'Promoted 2'],
  ['not while one proxy has an older ring', { ring: '1*,2', ago: { added: minute }, known: ['1*,2', '1*'] }, 'nothing'],
  ['not while one proxy is silent', { ring: '1*,2', ago: { added: minute }, known: ['1*,2', undefined] }, 'nothing'],
  [
    'not while no proxy runs: one that starts may have been given an older table',
    { ring: '1*,2', ago: { added: minute }, known: [] },
    'nothing',
  ],
  [
    'and after five minutes it is said who is in the way',
    { ring: '1*,2', ago: { added: patienceMs }, known: ['1*,2', '1*', undefined] },
    'waiting: Session key 2 cannot sign yet: proxy pod p1 does not have key 2; proxy pod p2 has not reported its keys. Sessions continue with key 1.',
  ],
  [
    'however many are in the way, three are named',
    { ring: '1*,2', ago: { added: patienceMs }, known: ['1*', '1*', '1*', '1*', '1*'] },
    'waiting: Session key 2 cannot sign yet: proxy pod p0 does not have key 2; proxy pod p1 does not have key 2; proxy pod p2 does not have key 2; and 2 more. Sessions continue with key 1.',
  ],
  ['a key promoted: it is noted when every proxy signs with it', { ring: '1,2*' }, 'Settled'],
  [
    'not while one still signs with the old one',
    { ring: '1,2*', ago: { promoted: 1000 }, known: ['1,2*', '1*,2'] },
    'nothing',
  ],
  [
    'and after five minutes it is said which',
    { ring: '1,2*', ago: { promoted: patienceMs }, known: ['1,2*', '1*,2'] },
    'waiting: Session key 1 cannot be retired yet: proxy pod p1 signs with key 1. Sessions are not affected.',
  ],
  ['old keys stay for a day after that', { ring: '1,2*', ago: { settled: day - 1 } }, 'nothing'],
  ['then they go', { ring: '1,2*', ago: { settled: day } }, 'Retired 1'],
  [
    'they stay for as long as a session may live at most',
    { ring: '1,2*', ago: { settled: 2 * day }, absoluteTimeoutMs: 3 * day },
    'nothing',
  ],
  [
    'they go even while a proxy is silent: since that day it has signed with the new key',
    { ring: '1,2*', ago: { settled: day }, known: [undefined] },
    'Retired 1',
  ],
  [
    'a rotation may begin while the one before waits for its end',
    { ring: '1,2*', ago: { settled: minute }, requested: true },
    'Added 3',
  ],
  ['while a key waits to sign no other is added', { ring: '1*,2', ago: { added: 0 }, requested: true }, 'nothing'],
  [
    'a full ring takes no key, and a user who asks is told',
    { ring: '1,2,3*', ago: { settled: minute }, requested: true },
    'waiting: No session key can be added: the key ring has the maximum of 3 keys; the next key is added when old ones are retired.',
  ],
  [
    'keys are retired though a new one waits to sign, and that one stays',
    { ring: '1,2*,3', ago: { added: minute, settled: day }, known: [undefined] },
    'Retired 1',
  ],
  [
    'a higher key that nobody says was added is an old one: it never signs',
    { ring: '3*,12', ago: { settled: day } },
    'Retired 12',
  ],
  [
    'numbers are not used twice',
    { ring: '4294967295*', requested: true },
    'waiting: No session key can be added: key ids are exhausted (the highest is 4294967295); deleting the Secret starts again, but ends all sessions.',
  ],
];
test.each(rows)('%s', (_, given, expected) => {
  expect(plan(given)).toBe(expected);
});

describe('how long a token of an old key may be alive', () => {
  test.each([
    ['a day at least', { idleTimeoutMs: 30 * minute }, day],
    ['twice the idle timeout', { idleTimeoutMs: 3 * day }, 6 * day],
    ['the absolute timeout', { idleTimeoutMs: minute, absoluteTimeoutMs: 9 * day }, 9 * day],
  ])('%s', (_, given, expected) => {
    expect(keptForMs(given)).toBe(expected);
  });
});
