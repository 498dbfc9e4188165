import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { StickyWorkload } from '../../../../src/api/stickyworkload.ts';
import { createTlsServer } from '../../../../src/operator/https/server.ts';
import { createInjectionHandler } from '../../../../src/operator/injection/handler.ts';
import type { InjectionOutcome, InjectionPorts } from '../../../../src/operator/injection/handler.ts';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { createCertificates } from '../../../support/certificates.ts';
import { createMemoryClock } from '../../../support/memory-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { createTlsClient, listen } from '../../../support/tls-client.ts';
import type { TlsClient } from '../../../support/tls-client.ts';

const cart = {
  metadata: { name: 'cart', namespace: 'shop' },
  spec: { drain: { timeout: '2h', quietPeriod: '5s', shutdownMargin: '30s', sessionSources: ['Proxy'] } },
} as unknown as StickyWorkload;

const app = { name: 'app', image: 'cart:1' };
const review = (spec: unknown, metadata: object = { generateName: 'cart-' }) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u1', kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'shop', operation: 'CREATE', dryRun: true, object: { metadata, spec } } });

const clock = createMemoryClock();
let findWorkload: InjectionPorts['findWorkload'];
let outcomes: InjectionOutcome[] = [];
const logger = createMemoryLogger();
const handler = createInjectionHandler({
  settings: { image: 'holdfast:1', imagePullPolicy: 'IfNotPresent', caPem: 'pem', discoveryHost: 'discovery', serverName: 'operator' },
  findWorkload: (pod) => findWorkload(pod),
  observe: (outcome) => outcomes.push(outcome),
  clock,
  logger,
});
const server = createTlsServer(handler);
let client: TlsClient;

beforeAll(async () => {
  const { caPem, certPem, keyPem } = await createCertificates({ addresses: ['127.0.0.1'] });
  server.setSecureContext({ cert: certPem, key: keyPem });
  client = createTlsClient({ port: await listen(server), caPem });
});
beforeEach(() => {
  outcomes = [];
  findWorkload = async () => cart;
});
afterAll(() => {
  client.close();
  server.close();
});

type Reviewed = { uid: string; allowed: boolean; patch?: string; patchType?: string; warnings?: string[] };

async function send(body: string): Promise<Reviewed> {
  const answer = await client.call('POST', '/inject?timeout=5s', { body });
  expect(answer).toMatchObject({ status: 200, body: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } });
  return (answer.body as { response: Reviewed }).response;
}

const patched = ({ patch = '' }: Reviewed): { path: string; value: unknown }[] => JSON.parse(Buffer.from(patch, 'base64').toString()) as { path: string; value: unknown }[];

describe('the webhook', () => {
  test('injects a pod of a sticky workload, with the drain limits of that workload', async () => {
    const pods: KubeObject[] = [];
    findWorkload = async (pod) => {
      pods.push(pod);
      return cart;
    };
    const answer = await send(review({ containers: [app] }));
    expect(answer).toMatchObject({ uid: 'u1', allowed: true, patchType: 'JSONPatch' });
    expect(patched(answer)).toContainEqual({ op: 'add', path: '/spec/terminationGracePeriodSeconds', value: 7200 + 35 + 5 });
    expect(pods[0]?.metadata).toMatchObject({ namespace: 'shop', generateName: 'cart-' });
    expect(outcomes).toEqual(['Injected']);
  });

  test('lets a pod of nobody pass', async () => {
    findWorkload = async () => undefined;
    expect(await send(review({ containers: [app] }))).toEqual({ uid: 'u1', allowed: true });
    expect(outcomes).toEqual(['NotSticky']);
  });

  test('says which container keeps its own preStop hook', async () => {
    const own = { name: 'own', lifecycle: { preStop: { sleep: { seconds: 3 } } } };
    expect((await send(review({ containers: [app, own] }))).warnings).toEqual([expect.stringMatching(/PreStopConflict: container own /)]);
  });

  test('says why a pod that cannot be injected is not', async () => {
    const answer = await send(review({ hostNetwork: true, containers: [app] }));
    expect(answer).toEqual({ uid: 'u1', allowed: true, warnings: [expect.stringMatching(/network of its node/)] });
    expect(outcomes).toEqual(['HostNetwork']);
  });

  const weird: [string, unknown][] = [
    ['no spec', undefined],
    ['containers that are no list', { containers: 'none' }],
    ['a container that is nothing', { containers: [null] }],
    ['volumes that are no list', { containers: [app], volumes: 7 }],
  ];
  test.each(weird)('allows a pod with %s, and says that it starts without the sidecar', async (_, spec) => {
    expect(await send(review(spec))).toMatchObject({ allowed: true, warnings: [expect.stringMatching(/starts without the sidecar/)] });
    expect(outcomes).toEqual(['Failed']);
    expect(logger.messages().at(-1)).toBe('pod starts without the sidecar');
  });

  test('allows a pod whose workload cannot be looked up', async () => {
    findWorkload = async () => {
      throw new Error('API server away');
    };
    expect(await send(review({ containers: [app] }))).toMatchObject({ allowed: true, warnings: [expect.stringMatching(/API server away/)] });
  });

  test('allows a pod whose look-up hangs, before the API server loses patience', async () => {
    const asked = new Promise<void>((resolve) => {
      findWorkload = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const answer = send(review({ containers: [app] }));
    await asked;
    await clock.advance(4000);
    expect(await answer).toMatchObject({ allowed: true, warnings: [expect.stringMatching(/within 4000 ms/)] });
  });

  const refused: [string, () => ReturnType<TlsClient['call']>, number][] = [
    ['another path', () => client.call('POST', '/other', { body: '{}' }), 404],
    ['another method', () => client.call('GET', '/inject'), 405],
    ['what is no JSON', () => client.call('POST', '/inject', { body: 'hello' }), 400],
    ['what is no review', () => client.call('POST', '/inject', { body: '{"request":{}}' }), 400],
    ['a body without end', () => client.call('POST', '/inject', { body: 'x'.repeat(9 * 1024 * 1024) }), 413],
  ];
  test.each(refused)('refuses %s', async (_, call, status) => {
    expect(await call()).toMatchObject({ status, body: { message: expect.any(String) } });
  });
});
