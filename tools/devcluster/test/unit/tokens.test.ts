/** The validity of a ServiceAccount token: as long as the pod that it is bound to, and no longer than its lifetime. */
import { beforeEach, expect, test } from '@jest/globals';
import { createTokens, type Tokens } from '../../apiserver/tokens.ts';
import type { KubeObject, ObjectMeta } from '../../../../src/kube/ports.ts';
import { createManualClock, type ManualClock } from '../../../../test/support/manual-clock.ts';

const ref = { namespace: 'shop', name: 'cart' };
const subject = {
  namespace: 'shop',
  serviceAccount: { name: 'cart', uid: 'account' },
  pod: { name: 'cart', uid: 'pod' },
};

let clock: ManualClock;
let objects: Map<string, KubeObject>;
let tokens: Tokens;
let token: string;
beforeEach(() => {
  clock = createManualClock();
  objects = new Map();
  put('/serviceaccounts', { uid: 'account' });
  put('/pods', { uid: 'pod' });
  tokens = createTokens({ store: { get: (shelf) => objects.get(shelf) }, clock });
  token = tokens.issue({ subject, audiences: ['holdfast'], lifetimeSeconds: 7200 }).token;
});

const put = (shelf: string, metadata: Partial<ObjectMeta>): void =>
  void objects.set(shelf, { apiVersion: 'v1', kind: 'Any', metadata: { ...ref, ...metadata } });
const isValid = (): boolean => tokens.verify(token, ['holdfast']).ok;

test('a token is invalid after its expiration time', async () => {
  await clock.advance(7_199_000);
  expect(isValid()).toBe(true);
  await clock.advance(1000);
  expect(isValid()).toBe(false);
});

test('a token is invalid after the deletion of its pod, also if another pod has its name', () => {
  objects.delete('/pods');
  expect(isValid()).toBe(false);
  put('/pods', { uid: 'another' });
  expect(isValid()).toBe(false);
});

test('the token of a terminating pod is valid for its grace period and a minute longer', async () => {
  put('/pods', { uid: 'pod', deletionTimestamp: new Date(clock.nowMs() + 600_000).toISOString() });
  await clock.advance(660_000);
  expect(isValid()).toBe(true);
  await clock.advance(1);
  expect(isValid()).toBe(false);
});
