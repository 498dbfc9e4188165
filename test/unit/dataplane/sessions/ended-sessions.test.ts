import { describe, expect, test } from '@jest/globals';
import { createEndedSessions } from '../../../../src/dataplane/sessions/ended-sessions.ts';

const session = { sessionHi: 0xdead, sessionLo: 0xffff_fffe };
const id = '0000deadfffffffe';

describe('ends of sessions that proxies tell each other', () => {
  test('an end is repeated for some seconds, since a report may get lost, and then no more', () => {
    const ended = createEndedSessions();
    ended.record(session, 1000);
    expect(ended.recent(1000)).toEqual([id]);
    expect(ended.recent(4000)).toEqual([id]);
    expect(ended.recent(4001)).toEqual([]);
  });

  test('an end that is heard again, from another replica or in the next report, is old news', () => {
    const ended = createEndedSessions();
    expect(ended.takeNew([id])).toEqual([session]);
    expect(ended.takeNew([id])).toEqual([]);
  });
});
