import { describe, expect, test } from '@jest/globals';
import { plainTable, proxyTable } from '../../../support/proxy-table.ts';
import { createReplica, holdOf, quiet } from './replica.ts';

const [a, b, c] = [{ pod: 'a' }, { pod: 'b' }, { pod: 'c' }];
const [starting, idle] = [
  { sessions: 0, starting: 1, open: 0 },
  { sessions: 0, starting: 0, open: 0 },
];

describe('a request that is sent again because its app failed', () => {
  test('starts its session on another pod, and leaves nothing on the first', () => {
    const replica = createReplica(proxyTable({ endpoints: [a, b] }));
    const first = holdOf(replica.send());
    const next = first.again();
    expect([first.endpoint.pod, next.endpoint.pod].toSorted()).toEqual(['a', 'b']);
    expect([replica.count(first.endpoint.pod), replica.count(next.endpoint.pod)]).toEqual([idle, starting]);
    next.responseHead(quiet);
    next.release();
    expect(replica.counters()).toMatchObject({ started: 1 });
    expect(replica.count(first.endpoint.pod)).toEqual(idle);
  });

  test('visits each pod once, and stays on the last', () => {
    const replica = createReplica(proxyTable({ endpoints: [a, b, c] }));
    const pods: string[] = [];
    let hold = holdOf(replica.send());
    for (let attempt = 0; attempt < 5; attempt += 1, hold = hold.again()) pods.push(hold.endpoint.pod);
    expect(pods.slice(0, 3).toSorted()).toEqual(['a', 'b', 'c']);
    expect(new Set(pods.slice(2)).size).toBe(1);
    hold.release();
    expect(['a', 'b', 'c'].map((pod) => replica.count(pod))).toEqual([idle, idle, idle]);
  });

  test('stays on the pod of its session, at the address that the pod has by then', () => {
    const replica = createReplica(proxyTable({ endpoints: [a, b] }));
    const started = holdOf(replica.send());
    const [field] = started.responseHead(quiet);
    started.release();
    const { pod } = started.endpoint;
    const hold = holdOf(replica.send([field?.value.split(';')[0] ?? '']));
    replica.swap(proxyTable({ endpoints: [a, b].map((one) => ({ ...one, address: '127.0.0.9' })) }));
    expect(hold.again()).toBe(hold);
    expect(hold.endpoint).toMatchObject({ pod, address: '127.0.0.9' });
  });

  test('goes to another endpoint of the same backend, if that has no sessions', () => {
    const backends = { 'shop/web:80': [a, b], 'shop/api:80': [c] };
    const replica = createReplica(plainTable(backends));
    const first = holdOf(replica.send());
    const next = first.again();
    expect([first.endpoint.pod, next.endpoint.pod].toSorted()).toEqual(['a', 'b']);
    expect(next.again()).toBe(next);
  });
});
