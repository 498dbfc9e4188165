import { describe, expect, test } from '@jest/globals';
import { parseDrainSummary } from '../../../src/wire/sidecar-messages.ts';
import { parseReport, parseTableMessage } from '../../../src/wire/proxy-messages.ts';
import { proxyTable } from '../../support/proxy-table.ts';

const endpoint = { uid: 'pod-1', state: 'Draining', sessions: 2, expiresAtMs: 1000 };
const summary = { reason: 'DrainComplete', tookMs: 5, message: 'done' };

describe('a table message', () => {
  const { proxy, ...table } = proxyTable({});
  const message = (settings: object) => ({
    type: 'table',
    replica: 'operator-1',
    revision: '7',
    asOfMs: 1000,
    table: { ...table, ...settings },
  });

  test('without settings of the proxy has none: the proxy keeps its own', () => {
    expect(parseTableMessage(JSON.stringify(message({})))).toEqual({ value: message({}) });
  });

  test('of an earlier version, which does not know all settings, gets the defaults of the others', () => {
    const sent = message({ proxy: { drainTimeoutMs: 7 } });
    expect(parseTableMessage(JSON.stringify(sent))).toEqual({
      value: message({ proxy: { ...proxy, drainTimeoutMs: 7 } }),
    });
  });
});

describe('a report', () => {
  test('keeps known properties and drops unknown ones', () => {
    expect(
      parseReport({
        startedAtMs: 7,
        sequence: 3,
        endpoints: [{ ...endpoint, extra: 1 }],
        ended: ['0123456789abcdef'],
        seen: ['fedcba9876543210'],
        more: true,
      }),
    ).toEqual({
      value: {
        startedAtMs: 7,
        sequence: 3,
        endpoints: [endpoint],
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
    [
      'an unknown state',
      { startedAtMs: 0, sequence: 1, endpoints: [endpoint, { ...endpoint, state: 'Sleeping' }] },
      /endpoints\[1\]\.state/,
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
