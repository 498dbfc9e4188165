import { expect, test } from '@jest/globals';
import { Recurrence } from '../../../../src/dataplane/h1/recurrence.ts';

const isAgain = (recurrence: Recurrence, text: string): boolean =>
  recurrence.isAgain({ bytes: Buffer.from(text), end: text.length });

/** Of one length. */
const numbered = (number: number): string => `GET /${String(number).padStart(6, '0')}`;

test('a head that follows itself twice came again', () => {
  const recurrence = new Recurrence();
  expect(['GET /1', 'GET /1', 'GET /1', 'GET /1'].map((text) => isAgain(recurrence, text))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test('a head between them resets that', () => {
  const recurrence = new Recurrence();
  const heads = ['GET /1', 'GET /1', 'GET /2', 'GET /1', 'GET /1', 'GET /12', 'GET /1', 'GET /1'];
  expect(heads.map((text) => isAgain(recurrence, text))).toEqual([
    false,
    false,
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
});

test('after a thousand different heads one that repeats is noticed within a hundred', () => {
  const recurrence = new Recurrence();
  const different = Array.from({ length: 1000 }, (_, number) => isAgain(recurrence, numbered(number)));
  expect(different).not.toContain(true);
  const same = Array.from({ length: 100 }, () => isAgain(recurrence, numbered(1000)));
  expect(same).toContain(true);
});
