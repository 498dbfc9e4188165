/** What clients send ahead must not make a turn of the event loop long. */
import { expect, test } from '@jest/globals';
import { createTurns } from '../../../../src/dataplane/listener/turns.ts';

const oneTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test('a few start in each turn of the event loop, in the order in which they began to wait', async () => {
  const turns = createTurns(32);
  const started: number[] = [];
  for (let number = 0; number < 70; number += 1) turns.wait({ nextTurn: () => started.push(number) });
  expect(started).toHaveLength(0);
  await oneTurn();
  expect(started).toHaveLength(32);
  await oneTurn();
  expect(started).toHaveLength(64);
  await oneTurn();
  expect(started).toEqual(Array.from({ length: 70 }, (_, number) => number));
});

test('one that waits again is behind all others, and waits once', async () => {
  const turns = createTurns(32);
  const started: string[] = [];
  const greedy = {
    nextTurn() {
      started.push('greedy');
      if (started.length < 50) turns.wait(greedy);
    },
  };
  turns.wait(greedy);
  turns.wait(greedy);
  turns.wait({ nextTurn: () => started.push('other') });
  await oneTurn();
  expect(started.slice(0, 3)).toEqual(['greedy', 'other', 'greedy']);
  expect(started).toHaveLength(32);
  await oneTurn();
  expect(started).toHaveLength(50);
});
