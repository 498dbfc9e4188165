import { X509Certificate } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { loadOrCreateAuthority } from '../../../../src/operator/certificates/authority.ts';
import { issueLeaf, rotateLeaf, type Leaf } from '../../../../src/operator/certificates/leaf.ts';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { AppError, describeError } from '../../../../src/platform/errors.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';

const day = 86_400_000;
const clock = createManualClock();

/** A cluster with one Secret. */
function createSecretStore(initial?: KubeObject) {
  let secret = initial;
  return {
    reader: { get: async () => structuredClone(secret) },
    writer: {
      create: async (_: unknown, object: KubeObject) => {
        if (secret !== undefined) {
          throw new AppError('KUBERNETES_CONFLICT', 'exists', { source: 'kubernetes', retryable: false });
        }
        secret = structuredClone(object);
        return object;
      },
    },
    stored: () => secret,
  };
}

const load = (store: ReturnType<typeof createSecretStore>, at = clock) =>
  loadOrCreateAuthority({ reader: store.reader, writer: store.writer, namespace: 'holdfast-system', clock: at });

async function storedSecret(): Promise<KubeObject & { data: Record<string, string> }> {
  const store = createSecretStore();
  await load(store);
  const secret = store.stored();
  if (secret === undefined) throw new Error('no Secret was created');
  return { ...secret, data: { ...(secret['data'] as Record<string, string>) } };
}

describe('the certificate authority', () => {
  test('is created on the first start and reused after a restart', async () => {
    const store = createSecretStore();
    const first = await load(store);
    expect(store.stored()).toMatchObject({
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { namespace: 'holdfast-system', name: 'holdfast-ca' },
    });
    expect((await load(store)).certPem).toBe(first.certPem);
  });

  test('is the stored one for both of two replicas that start together', async () => {
    const store = createSecretStore();
    const [one, other] = await Promise.all([load(store), load(store)]);
    expect(one.certPem).toBe(other.certPem);
  });

  test('is valid for ten years, from five minutes before its creation', async () => {
    const { validFromDate, validToDate, ca } = new X509Certificate((await load(createSecretStore())).certPem);
    expect(ca).toBe(true);
    expect(clock.nowMs() - validFromDate.getTime()).toBe(5 * 60_000);
    expect(validToDate.getTime() - clock.nowMs()).toBe(3650 * day);
  });

  const damages: [
    string,
    (data: Record<string, string>) => Promise<Record<string, string>> | Record<string, string>,
    RegExp,
  ][] = [
    ['has lost its key', (data) => ({ 'tls.crt': data['tls.crt'] ?? '' }), /tls\.key is missing/],
    [
      'has the key of another certificate',
      async (data) => ({ ...data, 'tls.key': (await storedSecret()).data['tls.key'] ?? '' }),
      /tls\.key does not belong to tls\.crt/,
    ],
    [
      'is not a certificate',
      (data) => ({ ...data, 'tls.crt': Buffer.from('oops').toString('base64') }),
      /PEM|certificate/i,
    ],
  ];
  test.each(damages)('that %s fails the start with instructions, and is not changed', async (_, damage, message) => {
    const secret = await storedSecret();
    const store = createSecretStore({ ...secret, data: await damage(secret.data) });
    const before = structuredClone(store.stored());
    const error: unknown = await load(store).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', retryable: false });
    expect(describeError(error)).toMatch(
      /Secret holdfast-system\/holdfast-ca .*Restore it from a backup; or delete it/,
    );
    expect(describeError(error)).toMatch(message);
    expect(store.stored()).toEqual(before);
  });

  test('fails the start once it has expired', async () => {
    const store = createSecretStore(await storedSecret());
    await expect(
      load(store, createManualClock(clock.nowMs() + 3651 * day)).catch((error: unknown) =>
        Promise.reject(new Error(describeError(error))),
      ),
    ).rejects.toThrow(/expired/);
  });
});

type Renewal = { time: ManualClock; rotation: EventEmitter; outcome: 'installed' | 'failed' };

/** A key is generated on another thread, whose time no clock controls: the end of the renewal is an event. */
async function renewalAfter(ms: number, { time, rotation, outcome }: Renewal): Promise<void> {
  const ended = once(rotation, outcome);
  await time.advance(ms);
  await ended;
}

describe('the server certificate', () => {
  test('contains the names and addresses of the server, and is valid for 30 days', async () => {
    const authority = await load(createSecretStore());
    const leaf = await issueLeaf(
      authority,
      ['holdfast-operator.holdfast-system.svc', '10.0.0.9', '::1'],
      clock.nowMs(),
    );
    const certificate = new X509Certificate(leaf.certPem);
    expect(certificate.verify(new X509Certificate(authority.certPem).publicKey)).toBe(true);
    expect(certificate.checkIssued(new X509Certificate(authority.certPem))).toBe(true);
    expect(certificate.checkHost('holdfast-operator.holdfast-system.svc')).toBeDefined();
    expect(certificate.checkIP('10.0.0.9')).toBeDefined();
    expect(certificate.checkIP('::1')).toBeDefined();
    expect(certificate.checkHost('elsewhere.example.com')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(certificate.validToDate.getTime() - clock.nowMs()).toBe(30 * day);
  });

  test('is replaced every 20 days until the rotation is stopped', async () => {
    const time = createManualClock();
    const authority = await load(createSecretStore(), time);
    const rotation = new EventEmitter();
    const installed: string[] = [];
    const install = ({ certPem }: Leaf) => {
      installed.push(certPem);
      rotation.emit('installed');
    };
    const stop = await rotateLeaf({ authority, names: ['operator'], clock: time, install, failed: () => undefined });
    await time.advance(20 * day - 1);
    expect(installed).toHaveLength(1);
    await renewalAfter(1, { time, rotation, outcome: 'installed' });
    await renewalAfter(20 * day, { time, rotation, outcome: 'installed' });
    expect(new Set(installed).size).toBe(3);
    stop();
    expect(time.pending()).toBe(0);
  });

  test('is renewed a minute after a failed renewal', async () => {
    const time = createManualClock();
    const authority = await load(createSecretStore(), time);
    const rotation = new EventEmitter();
    const failures: unknown[] = [];
    const installs: string[] = [];
    const install = ({ certPem }: Leaf) => {
      if (installs.push(certPem) === 2) throw new Error('no room');
      rotation.emit('installed');
    };
    const failed = (error: unknown) => {
      failures.push(error);
      rotation.emit('failed');
    };
    const stop = await rotateLeaf({ authority, names: ['operator'], clock: time, install, failed });
    await renewalAfter(20 * day, { time, rotation, outcome: 'failed' });
    await renewalAfter(60_000, { time, rotation, outcome: 'installed' });
    expect(failures).toHaveLength(1);
    expect(installs).toHaveLength(3);
    stop();
  });
});
