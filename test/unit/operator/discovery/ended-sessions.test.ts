import { describe, expect, test } from '@jest/globals';
import { createEndedSessionMemory } from '../../../../src/operator/discovery/ended-sessions.ts';
import { proxyTable } from '../../../support/proxy-table.ts';

const minute = 60_000;
const table = proxyTable({ limits: { idleTimeoutMs: 20 * minute } });
const at = (nowMs: number) => ({ table, nowMs });

describe('the ended sessions of a Gateway', () => {
  test('are reported as new once, and listed for proxies that connect later', () => {
    const memory = createEndedSessionMemory();
    expect(memory.add('infra/web', ['a', 'b'], at(0))).toEqual(['a', 'b']);
    expect(memory.add('infra/web', ['b', 'c'], at(0))).toEqual(['c']);
    expect(memory.list('infra/web', 0)).toEqual(['a', 'b', 'c']);
    expect(memory.list('infra/other', 0)).toEqual([]);
  });

  test('are forgotten when none of their tokens can be valid any more', () => {
    const memory = createEndedSessionMemory();
    memory.add('infra/web', ['a'], at(0));
    // The idle timeout, a quarter of it, five minutes for clocks and some seconds.
    expect(memory.list('infra/web', 30 * minute)).toEqual(['a']);
    expect(memory.list('infra/web', 31 * minute)).toEqual([]);
  });

  test('are kept for a day while the table is unknown', () => {
    const memory = createEndedSessionMemory();
    memory.add('infra/web', ['a'], { table: undefined, nowMs: 0 });
    expect(memory.list('infra/web', 24 * 60 * minute)).toEqual(['a']);
  });

  test('are forgotten with their Gateway', () => {
    const memory = createEndedSessionMemory();
    memory.add('infra/web', ['a'], at(0));
    memory.add('infra/gone', ['b'], at(0));
    memory.prune((key) => key === 'infra/gone', minute);
    expect([memory.list('infra/web', minute), memory.list('infra/gone', minute)]).toEqual([['a'], []]);
  });

  test('are bounded: the oldest are forgotten first', () => {
    const memory = createEndedSessionMemory(2);
    memory.add('infra/web', ['a', 'b', 'c'], at(0));
    expect(memory.list('infra/web', 0)).toEqual(['b', 'c']);
  });
});
