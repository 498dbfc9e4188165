import { describe, expect, test } from '@jest/globals';
import { renderEvent, renderStatus } from '../../../view/plain.ts';
import { buildEvent, scaleDown, startedAtMs } from './states.ts';

describe('plain lines', () => {
  test('a status has everything that counts, in one line', () => {
    expect(renderStatus(scaleDown)).toBe(
      '0:42 pods: 5, wanted: 2 (1 starting, 1 accepting, 2 draining, 1 ending); sessions: 123 started, 83 ended, 0 lost, 40 active; the autoscaler wants 2 pods',
    );
  });

  test('events have their time since the start, source, reason and the whole text', () => {
    const text = `Pod shop-1: ${'it keeps its sessions. '.repeat(9)}`;
    expect(renderEvent(buildEvent(61_500, text), startedAtMs)).toBe(`1:01 operator PodTerminating: ${text}`);
  });

  test('text of others stays one line, and no control sequence', () => {
    expect(renderEvent(buildEvent(0, 'first\r\nsecond\t\u001b[31mred\u009b2J'), startedAtMs)).toBe(
      '0:00 operator PodTerminating: first  second  [31mred 2J',
    );
  });
});
