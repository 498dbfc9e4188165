import { expect, test } from '@jest/globals';
import { createTurnWrites } from '../../../../src/dataplane/net/turn-writes.ts';

function createWorld() {
  const ends: (() => void)[] = [];
  const flushed: string[] = [];
  const writes = createTurnWrites((callback) => ends.push(callback));
  return {
    flushed,
    /** Returns whether the write waits for the end of the turn. */
    write: (name: string) => writes.gather({ flush: () => flushed.push(name) }),
    endTurn() {
      for (const end of ends.splice(0)) end();
    },
    scheduled: () => ends.length,
  };
}

test('the writes of a turn go out at its end, in order, and with one callback', () => {
  const { write, endTurn, flushed, scheduled } = createWorld();
  expect(['a', 'b', 'c'].map(write)).toEqual([true, true, true]);
  expect([flushed, scheduled()]).toEqual([[], 1]);
  endTurn();
  expect(flushed).toEqual(['a', 'b', 'c']);
});

test('after a turn with a single write the next ones go out at once, and then it is tried again', () => {
  const { write, endTurn } = createWorld();
  write('a');
  endTurn();
  const direct = Array.from({ length: 65 }, () => write('b'));
  expect(direct).toEqual([...Array.from({ length: 64 }, () => false), true]);
  write('c');
  endTurn();
  expect(write('d')).toBe(true);
});

test('what a flush writes to another socket goes out in the same turn', () => {
  const ends: (() => void)[] = [];
  const flushed: string[] = [];
  const writes = createTurnWrites((callback) => ends.push(callback));
  const second = { flush: () => flushed.push('second') };
  writes.gather({ flush: () => (writes.gather(second), flushed.push('first')) });
  writes.gather({ flush: () => flushed.push('other') });
  ends.forEach((end) => end());
  expect(flushed).toEqual(['first', 'other', 'second']);
});
