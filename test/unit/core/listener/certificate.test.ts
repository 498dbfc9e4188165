import { describe, expect, test } from '@jest/globals';
import { loadCertificate } from '../../../../src/core/listener/certificate.ts';
import { createCertificate, type PemPair } from '../../../support/certificates.ts';

const load = (pair: PemPair) => loadCertificate({ namespace: 'shop', name: 'tls', ...pair });
const problemOf = (pair: PemPair): string => {
  const verdict = load(pair);
  return 'problem' in verdict ? verdict.problem : 'none';
};

describe('a certificate', () => {
  test('has its names in lower case and its dates', async () => {
    const pair = await createCertificate({
      hostnames: ['Shop.example', '*.shop.example'],
      notBefore: new Date('2026-05-01T00:00:00Z'),
      notAfter: new Date('2026-08-01T00:00:00Z'),
    });
    expect(load(pair)).toEqual({
      certificate: {
        name: 'shop/tls',
        ...pair,
        hostnames: ['shop.example', '*.shop.example'],
        notBeforeMs: Date.parse('2026-05-01T00:00:00Z'),
        notAfterMs: Date.parse('2026-08-01T00:00:00Z'),
      },
    });
  });

  test('of RSA is loaded as one of ECDSA is', async () => {
    expect(problemOf(await createCertificate({ algorithm: 'RSA' }))).toBe('none');
  });

  test('of 16 KiB with its intermediate certificates is loaded', async () => {
    const { chain, key } = await createCertificate();
    const long = chain.repeat(Math.ceil((16 * 1024) / chain.length));
    expect(problemOf({ chain: long, key })).toBe('none');
  });

  test('that is too long is refused before it is parsed', async () => {
    const { chain, key } = await createCertificate();
    expect(problemOf({ chain: chain.repeat(200), key })).toBe('tls.crt is longer than 64 KiB');
  });

  test('with the key of another one is refused', async () => {
    const [one, other] = [await createCertificate(), await createCertificate()];
    expect(problemOf({ chain: one.chain, key: other.key })).toContain('not the key of the first certificate');
  });

  test('with a key of another algorithm is refused', async () => {
    const [one, other] = [await createCertificate(), await createCertificate({ algorithm: 'RSA' })];
    expect(problemOf({ chain: one.chain, key: other.key })).toContain('not the key of the first certificate');
  });

  test('with a key that OpenSSL finds too short is refused', async () => {
    expect(problemOf(await createCertificate({ algorithm: 'RSA', bits: 1024 }))).toContain('KEY_TOO_SMALL');
  });

  test('with a broken intermediate certificate is refused', async () => {
    const { chain, key } = await createCertificate();
    const broken = `${chain}-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n`;
    expect(problemOf({ chain: broken, key })).toContain('OpenSSL refuses it');
  });

  test.each([
    ['that is no PEM', { chain: 'Hello world\n' }, 'tls.crt does not begin with a certificate'],
    ['that is empty', { chain: '' }, 'tls.crt does not begin with a certificate'],
    ['whose key is no PEM', { key: 'Hello world\n' }, 'tls.key is not a private key'],
    ['whose key is empty', { key: '' }, 'tls.key is not a private key'],
  ])('%s is refused, and the reason does not quote it', async (_, part, problem) => {
    const found = problemOf({ ...(await createCertificate()), ...part });
    expect(found).toContain(problem);
    expect(found).not.toContain('Hello');
  });
});
