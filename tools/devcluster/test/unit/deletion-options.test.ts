import { expect, test } from '@jest/globals';
import { readDeletion } from '../../apiserver/requests/options.ts';

const read = (query: string, body: object = {}) => readDeletion(new URLSearchParams(query), body);

test.each(['Foreground', 'Orphan'])(
  'the propagation policy %s, which the devcluster does not implement, is refused',
  (policy) => {
    const message = `propagationPolicy: Unsupported value: "${policy}": supported values: "Background"`;
    expect(() => read(`propagationPolicy=${policy}`)).toThrow(message);
    expect(() => read('', { propagationPolicy: policy })).toThrow(message);
  },
);

test('orphanDependents, which the devcluster does not implement, is refused', () => {
  expect(() => read('', { orphanDependents: true })).toThrow('use propagationPolicy Background');
});

test('the propagation policy of kubectl is accepted', () => {
  expect(read('', { propagationPolicy: 'Background', gracePeriodSeconds: 3 }).deletion).toEqual({
    gracePeriodSeconds: 3,
  });
});
