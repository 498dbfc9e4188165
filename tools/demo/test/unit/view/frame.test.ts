import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../../../test/support/fast-check.ts';
import { renderFrame } from '../../../view/frame.ts';
import type { DemoPod, DemoState } from '../../../state.ts';
import { buildEvent, scaleDown, startedAtMs } from './states.ts';

const frameOf = (state: DemoState, { columns = 80, rows = 24, color = false } = {}) =>
  renderFrame(state, { columns, rows, color, startedAtMs });
const linesOf = (state: DemoState, size?: { columns?: number; rows?: number }) => frameOf(state, size).split('\n');
const podsNamed = (count: number): DemoPod[] =>
  Array.from({ length: count }, (_, index) => ({ name: `shop-${index}`, state: 'Accepting', sessions: index }));

describe('a frame', () => {
  test('a scale-down on an ordinary terminal', () => {
    expect(`\n${frameOf(scaleDown)}\n`).toBe(`
Holdfast: 40 customers, an autoscaler takes 5 pods to 2 and back
0:42 [#########-----------------] 2:00  the autoscaler wants 2 pods
sessions: 123 started, 83 ended, 0 lost, 40 active
pods: 5, wanted: 2 (1 starting, 1 accepting, 2 draining, 1 ending)

POD                   STATE                SESSIONS
shop-5d4c8b9f7-4xk2p  Accepting                  21  #####################
shop-5d4c8b9f7-7hj9q  DRAINING, held 0:12         ?
shop-5d4c8b9f7-b2m8s  DRAINING, held 0:03         1  #
shop-5d4c8b9f7-c6n4t  Ending                      0
shop-5d4c8b9f7-zz7vw  Starting                    0

0:00  demo        Started            the cluster is up
0:30  autoscaler  SuccessfulRescale  New size: 2; reason: All metrics below t...
0:31  operator    PodTerminating     Pod shop-5d4c8b9f7-7hj9q: it keeps 7 ses...
`);
  });

  test('a frame for a small terminal marks truncated text and keeps the newest events', () => {
    expect(`\n${frameOf(scaleDown, { columns: 44, rows: 12 })}\n`).toBe(`
Holdfast: 40 customers, an autoscaler tak...
0:42 [#####---------] 2:00  the autoscale...
sessions: 123 started, 83 ended, 0 lost, ...
pods: 5, wanted: 2 (1 starting, 1 accepti...

POD                   STATE      SESSIONS
shop-5d4c8b9f7-4xk2p  Accepting        21  #
... and 4 more

0:00  demo        Started            the ...
0:30  autoscaler  SuccessfulRescale  New ...
0:31  operator    PodTerminating     Pod ...
`);
  });

  test('before anything runs: neither pods nor events, and no duration yet', () => {
    const state = {
      ...scaleDown,
      durationMs: 0,
      pods: [],
      events: [],
      sessions: { started: 0, ended: 0, lost: 0, active: 0 },
    };
    expect(linesOf(state).slice(1)).toEqual([
      '0:42  the autoscaler wants 2 pods',
      'sessions: 0 started, 0 ended, 0 lost, 0 active',
      'pods: 0, wanted: 2',
      '',
      'POD  STATE  SESSIONS',
    ]);
  });

  test('left running, it is done and stays so; hours show', () => {
    expect(linesOf({ ...scaleDown, elapsedMs: 3_723_000 })[1]).toBe(
      '1:02:03 [##########################] 2:00  the autoscaler wants 2 pods',
    );
  });
});

describe('sessions of a pod', () => {
  const sessionsOf = (...counts: (number | undefined)[]) =>
    linesOf(
      { ...scaleDown, pods: counts.map((sessions) => ({ name: 'shop', state: 'Accepting', sessions })) },
      { columns: 40 },
    )
      .slice(6, 6 + counts.length)
      .map((line) => line.slice(15).trim());

  test.each([
    { title: 'one mark a session', counts: [3, 12], expected: ['3  ###', '12  ############'] },
    { title: 'unknown is not zero', counts: [undefined, 0], expected: ['?', '0'] },
    {
      title: 'bars keep their proportion where they would not fit',
      counts: [100, 50],
      expected: ['100  #############', '50  #######'],
    },
    { title: 'the last session shows beside any number', counts: [1000, 1], expected: ['1000  #############', '1  #'] },
  ])('$title', ({ counts, expected }) => {
    expect(sessionsOf(...counts)).toEqual(expected);
  });
});

test('sessions whose client has not returned show beside the others, and leave room for less of the bar', () => {
  const pods: DemoPod[] = [
    { name: 'shop', state: 'Accepting', sessions: 2, unconfirmed: 17 },
    { name: 'shop', state: 'Accepting', sessions: 1 },
  ];
  const lines = linesOf({ ...scaleDown, pods });
  expect(lines.slice(6, 8).map((line) => line.slice(15).trim())).toEqual(['2  +17 unconfirmed  ##', '1  #']);
});

describe('what fits', () => {
  test('eight pods and nine events on 80x24', () => {
    const events = Array.from({ length: 30 }, (_, index) => buildEvent(index * 1000, `event ${index}`));
    const lines = linesOf({ ...scaleDown, pods: podsNamed(8), events });
    expect(lines).toHaveLength(24);
    expect(lines.filter((line) => line.startsWith('shop-'))).toHaveLength(8);
    expect(lines.at(-9)).toMatch(/event 21$/);
    expect(lines.at(-1)).toMatch(/event 29$/);
  });

  test('more pods than rows: how many are not shown, and still some events', () => {
    const lines = linesOf({ ...scaleDown, pods: podsNamed(50) });
    expect(lines).toHaveLength(24);
    expect(lines.filter((line) => line.startsWith('shop-'))).toHaveLength(13);
    expect(lines[19]).toBe('... and 37 more');
    expect(lines.slice(-3).map((line) => line.slice(0, 4))).toEqual(['0:00', '0:30', '0:31']);
  });

  test('of a long name the end stays, where the pods of a Deployment differ', () => {
    const pods: DemoPod[] = [{ name: `${'long-'.repeat(9)}5d4c8b9f7-4xk2p`, state: 'Accepting', sessions: 2 }];
    expect(linesOf({ ...scaleDown, pods })[6]).toBe(
      '...g-long-long-long-long-5d4c8b9f7-4xk2p  Accepting         2  ##',
    );
  });
});

describe('colours', () => {
  const lostOf = (lost: number) =>
    frameOf({ ...scaleDown, sessions: { ...scaleDown.sessions, lost } }, { color: true });

  test('nothing lost is green, anything lost is red', () => {
    expect(lostOf(0)).toContain('\u001b[32m0 lost\u001b[0m');
    expect(lostOf(1)).toContain('\u001b[1;31m1 lost\u001b[0m');
  });

  test('a pod that drains stands out', () => {
    expect(frameOf(scaleDown, { color: true })).toContain('\u001b[7;33mDRAINING, held 0:12\u001b[0m');
  });
});

// Of all control characters only ESC: a line may begin with "[0m", which is text.
const colorCode = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;]+m`, 'g');

describe('whatever the state', () => {
  const count = fc.oneof(fc.nat(60), fc.integer());
  const text = fc.oneof(
    fc.string({ maxLength: 150 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constant('\u001b[2J\u001b[999C\r\n漢字'),
  );
  const pod = fc.record<DemoPod>({
    name: text,
    state: fc.constantFrom('Starting', 'Accepting', 'Draining', 'Ending'),
    sessions: fc.option(count, { nil: undefined }),
    heldMs: count,
  });
  const state: fc.Arbitrary<DemoState> = fc.record({
    title: text,
    step: text,
    elapsedMs: count,
    durationMs: count,
    wantedReplicas: count,
    pods: fc.array(pod, { maxLength: 40 }),
    sessions: fc.record({ started: count, ended: count, lost: count, active: count }),
    events: fc.array(fc.record({ atMs: count, source: text, reason: text, text }), { maxLength: 40 }),
  });
  const size = { columns: fc.integer({ min: 1, max: 140 }), rows: fc.integer({ min: 1, max: 60 }) };

  test('no line is too wide, no frame too high, and every character takes one column', () => {
    fc.assert(
      fc.property(state, fc.record(size), (shown, { columns, rows }) => {
        const lines = linesOf(shown, { columns, rows });
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(columns);
          expect(line).toMatch(/^[ -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2026]*$/);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('colours change nothing but colours', () => {
    fc.assert(
      fc.property(state, fc.record(size), (shown, { columns, rows }) => {
        const colored = frameOf(shown, { columns, rows, color: true });
        expect(colored.replaceAll(colorCode, '')).toBe(frameOf(shown, { columns, rows }));
      }),
      { numRuns: 200 },
    );
  });
});
