import { describe, expect, test } from '@jest/globals';
import { parseDrainSummary } from '../../../src/wire/sidecar-messages.ts';
import { parseReport } from '../../../src/wire/proxy-messages.ts';

const endpoint = { uid: 'pod-1', sessions: 2, expiresAtMs: 1000 };
const summary = { reason: 'DrainComplete', tookMs: 5, message: 'done' };

describe('a report', () => {
  test('keeps known properties and drops unknown ones, except in its counts, which the ledger copies', () => {
    expect(
      parseReport({
        startedAtMs: 7,
        sequence: 3,
        endpoints: [{ ...endpoint, extra: 1 }],
        acknowledged: { nonce: 7, refused: [{ id: 'proxy', problem: 'p', extra: 1 }] },
        ended: ['0123456789abcdef'],
        seen: ['fedcba9876543210'],
        more: true,
      }),
    ).toEqual({
      value: {
        startedAtMs: 7,
        sequence: 3,
        acknowledged: { nonce: 7, refused: [{ id: 'proxy', problem: 'p' }] },
        endpoints: [{ ...endpoint, extra: 1 }],
        ended: ['0123456789abcdef'],
        seen: ['fedcba9876543210'],
      },
    });
  });

  test('without `seen`, as from a proxy of the previous version, is accepted', () => {
    expect(parseReport({ startedAtMs: 7, sequence: 3, endpoints: [], ended: [] })).toMatchObject({
      value: { seen: [] },
    });
  });

  const wrong: [string, unknown, RegExp][] = [
    ['nothing', null, /report: must be an object/],
    [
      'an invalid id of an ended session',
      { startedAtMs: 0, sequence: 1, endpoints: [], ended: ['x'] },
      /report\.ended\[0\]: must be 16 hex digits/,
    ],
    [
      'an invalid id of a seen session',
      { startedAtMs: 0, sequence: 1, endpoints: [], ended: [], seen: ['0123456789ABCDEF'] },
      /report\.seen\[0\]: must be 16 hex digits/,
    ],
    ['an invalid start time', { startedAtMs: 'now', sequence: 1, endpoints: [] }, /startedAtMs/],
    ['a negative sequence', { startedAtMs: 0, sequence: -1, endpoints: [] }, /sequence/],
    ['no list of endpoints', { startedAtMs: 0, sequence: 1, endpoints: {} }, /report\.endpoints: must be a list/],
    [
      'an endpoint without a UID',
      { startedAtMs: 0, sequence: 1, endpoints: [{ ...endpoint, uid: '' }] },
      /endpoints\[0\]\.uid/,
    ],
    [
      'an overlong UID',
      { startedAtMs: 0, sequence: 1, endpoints: [{ ...endpoint, uid: 'x'.repeat(300) }] },
      /endpoints\[0\]\.uid/,
    ],
    ['half a session', { startedAtMs: 0, sequence: 1, endpoints: [{ ...endpoint, sessions: 0.5 }] }, /sessions/],
    [
      'a negative number of sessions',
      { startedAtMs: 0, sequence: 1, endpoints: [{ ...endpoint, sessions: -1 }] },
      /sessions/,
    ],
    ['sessions as a text', { startedAtMs: 0, sequence: 1, endpoints: [{ ...endpoint, sessions: '0' }] }, /sessions/],
    ['no expiry', { startedAtMs: 0, sequence: 1, endpoints: [{ ...endpoint, expiresAtMs: null }] }, /expiresAtMs/],
  ];
  test.each(wrong)('with %s is rejected as a whole', (_, body, reason) => {
    expect(parseReport(body)).toEqual({ problem: expect.stringMatching(reason) });
  });
});

describe('a summary', () => {
  test('leaves out invalid numbers, and truncates a long message', () => {
    expect(parseDrainSummary({ ...summary, sessionsCut: 'many', message: 'm'.repeat(5000) })).toEqual({
      value: { ...summary, message: 'm'.repeat(1024) },
    });
    expect(parseDrainSummary({ ...summary, sessionsAtStart: 4, sessionsCut: 0 })).toEqual({
      value: { ...summary, sessionsAtStart: 4, sessionsCut: 0 },
    });
  });

  test.each([
    [{ ...summary, reason: 'Bored' }],
    [{ ...summary, tookMs: 'long' }],
    [{ ...summary, message: 7 }],
    [null],
  ])('%j is rejected', (body) => {
    expect(parseDrainSummary(body)).toEqual({
      problem: expect.stringMatching(/reason|tookMs|message|summary: must be an object/),
    });
  });
});
