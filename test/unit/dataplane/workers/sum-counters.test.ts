import { expect, test } from '@jest/globals';
import { addSamples, closedSample, mergeCounters, noSample } from '../../../../src/dataplane/workers/samples.ts';
import { countersOf } from '../../../../src/dataplane/sessions/counters.ts';
import { sumCounters } from '../../../../src/dataplane/workers/sum-counters.ts';

test('numbers, lists, maps and objects are added, and what one lacks counts as 0', () => {
  const one = { a: 1, list: [1, 2], by: { x: 1 }, map: new Map([['k', { n: 1 }]]) };
  const other = {
    a: 2,
    list: [1, 2, 3],
    by: { y: 5 },
    map: new Map([
      ['k', { n: 2 }],
      ['l', { n: 4 }],
    ]),
  };
  expect(sumCounters<object>(one, other)).toEqual({
    a: 3,
    list: [2, 4, 3],
    by: { x: 1, y: 5 },
    map: new Map([
      ['k', { n: 3 }],
      ['l', { n: 4 }],
    ]),
  });
});

test('of a worker that is gone, what it has counted stays and what it had open does not', () => {
  const sample = noSample();
  sample.http.requests = 5;
  sample.http.connectionsOpen = 3;
  sample.http.requestsOpen = 2;
  sample.upstream.open = 4;
  const { http, upstream } = addSamples([closedSample(sample), sample]);
  expect([http.requests, http.connectionsOpen, http.requestsOpen, upstream.open]).toEqual([10, 3, 2, 4]);
});

test('sessions end where they are merged, everything else is counted where it happens', () => {
  const [own, ofWorkers] = [noSample().sessions, noSample().sessions];
  countersOf(own, 'shop/cart').ended.Idle = 1;
  countersOf(ofWorkers, 'shop/cart').ended.Idle = 2;
  countersOf(ofWorkers, 'shop/cart').started = 3;
  const merged = countersOf(mergeCounters(own, ofWorkers), 'shop/cart');
  expect([merged.ended.Idle, merged.started]).toEqual([1, 3]);
});
