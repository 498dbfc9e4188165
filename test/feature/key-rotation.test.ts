import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatTime } from '../../src/core/names/format.ts';
import type { KubeObject } from '../../src/kube/ports.ts';
import { secrets } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { AppError } from '../../src/platform/errors.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';
import { createProxyReports, type ProxyReports } from '../support/proxy-reports.ts';

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;

let world: OperatorWorld;
let operator: Operator;
let proxies: ProxyReports;

// Real TLS: certificates are issued by the operator's clock and checked by the machine's.
beforeEach(async () => {
  ({ world, operator } = await createServingWorld({ startMs: Math.floor(Date.now() / 1000) * 1000 }));
  proxies = createProxyReports(world, operator);
  proxies.run('proxy-1');
  proxies.run('proxy-2');
  await proxies.pass(10 * second);
  world.takeChanges();
});
afterEach(() => world.stop());

/** `1,2*`: keys 1 and 2, of which key 2 signs. */
function ring(): string {
  const { keyRing } = operator.translations.table('shop/holdfast')?.table.backends['shop/cart']?.sessions ?? {};
  return (keyRing?.keys ?? []).map(({ id }) => (id === keyRing?.current ? `${id}*` : String(id))).join(',');
}
const ref = { namespace: 'holdfast-system', name: 'holdfast-session-keys' };
function editKeys(change: (object: KubeObject) => KubeObject): void {
  const secret = world.cluster.find(secrets, ref);
  if (!secret) throw new Error('there are no master keys');
  world.put(secrets, change(secret));
}
const annotate = (annotations: Record<string, string>) =>
  editKeys((object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
  }));
const ask = (value: string) => annotate({ 'holdfast.dev/rotate-session-keys': value });
const keyEvents = () =>
  world.cluster
    .events()
    .flatMap(({ reason, note }) => (reason.startsWith('KeyRotation') ? [`${reason}: ${note}`] : []));
const keyWrites = () => world.takeChanges().writes.filter((write) => write.includes('Secret'));
type Step = 'added' | 'promoted' | 'settled';
/** Moves the last step into the past: the Secret contains the whole history of a rotation. */
function since(step: Step, ms: number): void {
  const at = formatTime(world.clock.nowMs() - ms);
  annotate({ [`holdfast.dev/session-key-${step}-at`]: at });
}

test('keys without a requested or due rotation do not change', async () => {
  since('promoted', 29 * day);
  await proxies.pass(10 * minute);
  expect(ring()).toBe('1*');
  expect(keyWrites()).toEqual([]);
});

test('a key gets a successor with its own bytes after 30 days', async () => {
  since('promoted', 30 * day);
  await proxies.pass(10 * second);
  expect(ring()).toBe('1*,2');
  const data = world.cluster.find(secrets, ref)?.['data'] as Record<string, string>;
  expect(data['key-2']).not.toBe(data['key-1']);
});

test('a requested rotation adds a key, promotes it a minute later and retires the old one a day later, with an event and a count for each step', async () => {
  ask('monday');
  await proxies.pass(10 * second);
  expect(ring()).toBe('1*,2');
  await proxies.pass(minute + 10 * second);
  expect(ring()).toBe('1,2*');
  since('settled', day - minute);
  await proxies.pass(50 * second);
  expect(ring()).toBe('1,2*');
  await proxies.pass(20 * second);
  expect(ring()).toBe('2*');
  expect(keyEvents()).toEqual([
    'KeyRotationStarted: Session key 2 was added, as the annotation requests; it signs tokens once every proxy has it.',
    'KeyRotationPromoted: Every proxy has session key 2: it signs new tokens. Tokens of older keys remain valid.',
    'KeyRotationComplete: Removed session key 1: no live session can have a token signed with it.',
  ]);
  expect([...operator.core.counters.keyRotations]).toEqual([
    ['Added', 1],
    ['Promoted', 1],
    ['Retired', 1],
  ]);
  await proxies.pass(5 * minute);
  // Added, promoted, the time since which all proxies sign with it, retired; and no more for the same value.
  expect(keyWrites()).toHaveLength(4);
});

describe('the promotion of a key', () => {
  test('waits for a proxy with an older table, and names that proxy', async () => {
    proxies.report('proxy-2', {}, proxies.ringsOfTable());
    ask('monday');
    await proxies.pass(7 * minute);
    expect(ring()).toBe('1*,2');
    expect(keyEvents()).toContain(
      'KeyRotationWaiting: Session key 2 cannot sign yet: proxy pod uid-proxy-2 does not have key 2. Sessions continue with key 1.',
    );
    proxies.report('proxy-2', {});
    await proxies.pass(10 * second);
    expect(ring()).toBe('1,2*');
  });

  test('waits for a running proxy that does not report', async () => {
    proxies.silence('proxy-2');
    ask('monday');
    await proxies.pass(7 * minute);
    expect(ring()).toBe('1*,2');
    expect(keyEvents()).toContain(
      'KeyRotationWaiting: Session key 2 cannot sign yet: proxy pod uid-proxy-2 has not reported its keys. Sessions continue with key 1.',
    );
  });
});

test('a key is retired only after every proxy has signed with the new one for a day', async () => {
  ask('monday');
  await proxies.pass(minute);
  proxies.report('proxy-2', {}, proxies.ringsOfTable());
  await proxies.pass(20 * second);
  expect(ring()).toBe('1,2*');
  since('promoted', 2 * day);
  await proxies.pass(20 * second);
  expect(ring()).toBe('1,2*');
  proxies.report('proxy-2', {});
  await proxies.pass(20 * second);
  expect(ring()).toBe('1,2*');
  since('settled', day);
  await proxies.pass(20 * second);
  expect(ring()).toBe('2*');
});

test('a concurrent change of the Secret is kept', async () => {
  const conflict = new AppError('KUBERNETES_CONFLICT', 'the object has been modified', {
    source: 'kubernetes',
    retryable: true,
  });
  world.cluster.fail({ verb: 'update', kind: 'Secret', error: conflict });
  ask('monday');
  await proxies.pass(4 * second);
  annotate({ theirs: 'yes' });
  await proxies.pass(20 * second);
  expect(ring()).toBe('1*,2');
  expect(world.cluster.find(secrets, ref)?.metadata.annotations).toMatchObject({ theirs: 'yes' });
  expect(keyEvents()).toHaveLength(1);
});

test('a refused key ring write is reported, changes nothing and is retried', async () => {
  const refused = new AppError('KUBERNETES_INVALID', 'field is immutable when `immutable` is set', {
    source: 'kubernetes',
    retryable: false,
  });
  world.cluster.fail({ verb: 'update', kind: 'Secret', error: refused });
  ask('monday');
  await proxies.pass(minute);
  expect(ring()).toBe('1*');
  expect(keyEvents()).toEqual([
    'KeyRotationFailed: The session keys were not rotated: field is immutable when `immutable` is set',
  ]);
  await world.clock.advance(10 * minute);
  expect(ring()).toBe('1*,2');
});

test('a damaged key ring Secret is not changed', async () => {
  editKeys((object) => ({ ...object, data: { current: 'damaged' } }));
  ask('monday');
  await proxies.pass(20 * second);
  expect(keyWrites()).toEqual([]);
});
