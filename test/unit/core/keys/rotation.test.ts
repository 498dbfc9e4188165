import { describe, expect, test } from '@jest/globals';
import {
  keptForMs,
  longestWaitMs,
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

/** In short form: `1,2*,3` is a ring of three keys of which key 2 signs. */
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

/** `ago`: the time since each step. By default every proxy has the ring, which is a day old. */
function plan({ ring, ago = {}, known = [ring, ring], requested = false, absoluteTimeoutMs }: Case): string {
  const times: Times = {
    ...(ago.added !== undefined && { addedAtMs: now - ago.added }),
    ...(ago.settled !== undefined && { settledAtMs: now - ago.settled }),
  };
  const state: RotationState = { ...ringOf(ring), promotedAtMs: now - (ago.promoted ?? day), ...times };
  const given = { ...limits, ...(absoluteTimeoutMs !== undefined && { absoluteTimeoutMs }) };
  const answer = planRotation(
    { state, proxies: proxies(...known), tokens: [{ limits: given, renewsTokens: true }], requested },
    now,
  );
  if (answer.kind === 'waiting') return `waiting: ${answer.message}`;
  if (answer.kind === 'nothing') return 'nothing';
  const { step } = answer;
  if (step.kind === 'Settled') return 'Settled';
  return step.kind === 'Retired' ? `Retired ${step.keyIds.join(',')}` : `${step.kind} ${step.keyId}`;
}

const rows: [string, Case, string][] = [
  ['a ring without a rotation needs no step', { ring: '1*' }, 'nothing'],
  ['a key that is 30 days old is followed by another', { ring: '1*', ago: { promoted: rotateAfterMs } }, 'Added 2'],
  ['a key that is younger than 30 days stays', { ring: '1*', ago: { promoted: rotateAfterMs - 1 } }, 'nothing'],
  ['a requested rotation starts', { ring: '7*', requested: true }, 'Added 8'],
  [
    'a rotation starts also while proxies do not report, because a key that does not sign is harmless',
    { ring: '1*', requested: true, known: [undefined] },
    'Added 2',
  ],
  [
    'a key that was just added waits for replicas whose watches lag',
    { ring: '1*,2', ago: { added: promoteAfterMs - 1 } },
    'nothing',
  ],
  ['a key that every proxy has starts to sign', { ring: '1*,2', ago: { added: promoteAfterMs } }, 'Promoted 2'],
  [
    'a key waits while one proxy has an older ring',
    { ring: '1*,2', ago: { added: minute }, known: ['1*,2', '1*'] },
    'nothing',
  ],
  [
    'a key waits while one proxy does not report',
    { ring: '1*,2', ago: { added: minute }, known: ['1*,2', undefined] },
    'nothing',
  ],
  [
    'a key waits while no proxy is running, because one that starts may have an older table',
    { ring: '1*,2', ago: { added: minute }, known: [] },
    'nothing',
  ],
  [
    'a key that has waited for five minutes is reported with the proxies it waits for',
    { ring: '1*,2', ago: { added: patienceMs }, known: ['1*,2', '1*', undefined] },
    'waiting: Session key 2 cannot sign yet: proxy pod p1 does not have key 2; proxy pod p2 has not reported its keys. Sessions continue with key 1.',
  ],
  [
    'a report names at most three proxies',
    { ring: '1*,2', ago: { added: patienceMs }, known: ['1*', '1*', '1*', '1*', '1*'] },
    'waiting: Session key 2 cannot sign yet: proxy pod p0 does not have key 2; proxy pod p1 does not have key 2; proxy pod p2 does not have key 2; and 2 more. Sessions continue with key 1.',
  ],
  [
    'a key waits for a proxy for a day at most, because that proxy may be of anyone who can create pods',
    { ring: '1*,2', ago: { added: longestWaitMs }, known: ['1*,2', undefined] },
    'Promoted 2',
  ],
  [
    'a promoted key is settled after a day, whatever a proxy reports',
    { ring: '1,2*', ago: { promoted: longestWaitMs }, known: ['1,2*', '1*,2'] },
    'Settled',
  ],
  ['a promoted key is settled when every proxy signs with it', { ring: '1,2*' }, 'Settled'],
  [
    'a promoted key is not settled while one proxy signs with the old one',
    { ring: '1,2*', ago: { promoted: 1000 }, known: ['1,2*', '1*,2'] },
    'nothing',
  ],
  [
    'a promoted key that is not settled after five minutes is reported',
    { ring: '1,2*', ago: { promoted: patienceMs }, known: ['1,2*', '1*,2'] },
    'waiting: Session key 1 cannot be retired yet: proxy pod p1 signs with key 1. Sessions are not affected.',
  ],
  ['old keys stay for a day after the settlement', { ring: '1,2*', ago: { settled: day - 1 } }, 'nothing'],
  ['old keys are retired after a day', { ring: '1,2*', ago: { settled: day } }, 'Retired 1'],
  [
    'old keys stay for the maximum lifetime of a session',
    { ring: '1,2*', ago: { settled: 2 * day }, absoluteTimeoutMs: 3 * day },
    'nothing',
  ],
  [
    'old keys are retired even while a proxy does not report, because it has signed with the new key since',
    { ring: '1,2*', ago: { settled: day }, known: [undefined] },
    'Retired 1',
  ],
  [
    'a rotation may start while the previous one waits for the retirement',
    { ring: '1,2*', ago: { settled: minute }, requested: true },
    'Added 3',
  ],
  ['no key is added while another waits to sign', { ring: '1*,2', ago: { added: 0 }, requested: true }, 'nothing'],
  [
    'a full ring gets no key, which is reported to the user who requests one',
    { ring: '1,2,3*', ago: { settled: minute }, requested: true },
    'waiting: No session key can be added: the key ring has the maximum of 3 keys; the next key is added when old ones are retired.',
  ],
  [
    'keys are retired although a new one waits to sign, which stays',
    { ring: '1,2*,3', ago: { added: minute, settled: day }, known: [undefined] },
    'Retired 1',
  ],
  [
    'a higher key without the time of its addition is an old one and never signs',
    { ring: '3*,12', ago: { settled: day } },
    'Retired 12',
  ],
  [
    'key ids are not reused',
    { ring: '4294967295*', requested: true },
    'waiting: No session key can be added: key ids are exhausted (the highest is 4294967295); deleting the Secret starts again, but ends all sessions.',
  ],
];
test.each(rows)('%s', (_, given, expected) => {
  expect(plan(given)).toBe(expected);
});

describe('a token of an old key may be live for', () => {
  test.each([
    ['at least a day', { idleTimeoutMs: 30 * minute }, day],
    ['twice the idle timeout', { idleTimeoutMs: 3 * day }, 6 * day],
    ['the absolute timeout', { idleTimeoutMs: minute, absoluteTimeoutMs: 9 * day }, 9 * day],
  ])('%s', (_, given, expected) => {
    expect(keptForMs({ limits: given, renewsTokens: true })).toBe(expected);
  });

  test.each([
    ['30 days if the app owns the cookie, where a session keeps its first token', limits, 30 * day],
    ['the absolute timeout also there', { ...limits, absoluteTimeoutMs: 9 * day }, 9 * day],
  ])('%s', (_, given, expected) => {
    expect(keptForMs({ limits: given, renewsTokens: false })).toBe(expected);
  });
});
