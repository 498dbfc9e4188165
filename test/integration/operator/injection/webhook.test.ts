import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { StickyWorkload } from '../../../../src/api/stickyworkload.ts';
import type { JsonPatchOperation } from '../../../../src/core/inject/pod.ts';
import { createTlsServer } from '../../../../src/operator/https/server.ts';
import { createInjectionHandler } from '../../../../src/operator/injection/handler.ts';
import type { InjectionOutcome, InjectionPorts } from '../../../../src/operator/injection/handler.ts';
import type { ObjectMeta } from '../../../../src/kube/ports.ts';
import { createCertificates } from '../../../../tools/demo/certificate.ts';
import { applyPatch } from '../../../support/json-patch.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { createTlsClient, listen } from '../../../support/tls-client.ts';
import type { TlsClient } from '../../../support/tls-client.ts';

const cart = {
  metadata: { name: 'cart', namespace: 'shop' },
  spec: {
    service: {},
    drain: { timeout: '2h', quietPeriod: '5s', shutdownMargin: '30s', sessionSources: ['Proxy'], sessionThreshold: 0 },
  },
} as unknown as StickyWorkload;

const app = { name: 'app', image: 'cart:1' };
const review = (spec: unknown, metadata: object = { generateName: 'cart-' }) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: 'shop',
      operation: 'CREATE',
      dryRun: true,
      object: { metadata, spec },
    },
  });

const clock = createManualClock();
let findWorkload: InjectionPorts['findWorkload'];
let outcomes: InjectionOutcome[] = [];
const logger = createMemoryLogger();
const handler = createInjectionHandler({
  settings: () => ({
    image: 'holdfast:1',
    imagePullPolicy: 'IfNotPresent',
    caPem: 'pem',
    discoveryHost: 'discovery',
    serverName: 'operator',
    imagePullSecrets: [],
    preferredPort: 15_999,
    discoveryAddresses: [],
  }),
  findWorkload: (pod) => findWorkload(pod),
  randomKey: () => 'key',
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

const patched = ({ patch = '' }: Reviewed): JsonPatchOperation[] =>
  JSON.parse(Buffer.from(patch, 'base64').toString()) as JsonPatchOperation[];

describe('the webhook', () => {
  test('injects a pod of a StickyWorkload, with its drain limits', async () => {
    const pods: ObjectMeta[] = [];
    findWorkload = async (pod) => {
      pods.push(pod);
      return cart;
    };
    const answer = await send(review({ containers: [app] }));
    expect(answer).toMatchObject({ uid: 'u1', allowed: true, patchType: 'JSONPatch' });
    expect(patched(answer)).toContainEqual({
      op: 'add',
      path: '/spec/terminationGracePeriodSeconds',
      value: 7200 + 35 + 5,
    });
    expect(pods[0]).toMatchObject({ namespace: 'shop', generateName: 'cart-' });
    expect(outcomes).toEqual(['Injected']);
  });

  test('admits a pod that belongs to no StickyWorkload', async () => {
    findWorkload = async () => 'NotSticky';
    expect(await send(review({ containers: [app] }))).toEqual({ uid: 'u1', allowed: true });
    expect(outcomes).toEqual(['NotSticky']);
  });

  const unclaimed: [InjectionOutcome & ('NotSticky' | 'TooManyWaiting'), RegExp][] = [
    ['NotSticky', /no StickyWorkload names its Deployment or StatefulSet; create one/],
    ['TooManyWaiting', /TooManyWaiting: .* wait for their StickyWorkloads; create its StickyWorkload first/],
  ];
  test.each(unclaimed)('warns about a labelled pod without a StickyWorkload: %s', async (outcome, warning) => {
    findWorkload = async () => outcome;
    const { allowed, warnings } = await send(
      review({ containers: [app] }, { labels: { 'holdfast.dev/inject': 'true' } }),
    );
    expect([allowed, warnings]).toEqual([true, [expect.stringMatching(warning)]]);
    expect(warnings?.[0]?.length).toBeLessThan(256);
    expect(outcomes).toEqual([outcome]);
  });

  test('passes the session sources of the StickyWorkload to the sidecar', async () => {
    const drain = {
      ...cart.spec.drain,
      sessionSources: ['Connections', 'Application'],
      sessionThreshold: 4,
      connections: { ports: [5222], excludeCIDRs: ['10.9.0.0/16'] },
      application: { path: '/count', port: 9000 },
    };
    findWorkload = async () => ({ ...cart, spec: { ...cart.spec, drain } }) as unknown as StickyWorkload;
    const added = patched(await send(review({ containers: [app] }))).find(
      ({ path }) => path === '/spec/initContainers',
    )?.value;
    const [sidecar] = added as [{ env: { name: string; value: string }[] }];
    expect(Object.fromEntries(sidecar.env.map(({ name, value }) => [name, value]))).toMatchObject({
      HOLDFAST_SESSION_SOURCES: 'Connections,Application',
      HOLDFAST_SESSION_THRESHOLD: '4',
      HOLDFAST_CONNECTION_PORTS: '5222',
      HOLDFAST_EXCLUDE_CIDRS: '10.9.0.0/16',
      HOLDFAST_APPLICATION_PORT: '9000',
      HOLDFAST_APPLICATION_PATH: '/count',
    });
  });

  const problematic: [string, object, RegExp][] = [
    [
      'an exec or sleep hook',
      { lifecycle: { preStop: { sleep: { seconds: 3 } } } },
      /PreStopConflict: container own has an exec or sleep preStop hook.*use httpGet, which is called after the drain/,
    ],
    [
      'a hook to a port that is not declared',
      { lifecycle: { preStop: { httpGet: { path: '/', port: 'admin' } } } },
      /PreStopConflict: container own .*use the port number/,
    ],
    [
      'a tcpSocket hook',
      { lifecycle: { preStop: { tcpSocket: { port: 1 } } } },
      /tcpSocket preStop hook of container own was replaced.*use httpGet/,
    ],
  ];
  test.each(problematic)(
    'warns about %s, with instructions, in a text that the API server does not truncate',
    async (_, container, warning) => {
      const { warnings } = await send(review({ containers: [app, { name: 'own', ...container }] }));
      expect(warnings).toEqual([expect.stringMatching(warning)]);
      expect(warnings?.[0]?.length).toBeLessThan(256);
    },
  );

  test('warns when a source can never count because its port is unknown', async () => {
    const drain = {
      ...cart.spec.drain,
      sessionSources: ['Connections', 'Application'],
      application: { path: '/count', port: 'admin' },
    };
    findWorkload = async () => ({ ...cart, spec: { ...cart.spec, drain } }) as unknown as StickyWorkload;
    expect((await send(review({ containers: [app] }))).warnings).toEqual([
      expect.stringMatching(/set spec.drain.connections.ports$/),
      expect.stringMatching(/declares port admin; correct spec.drain.application.port$/),
    ]);
  });

  const obstacles: [InjectionOutcome, object, RegExp][] = [
    ['NameConflict', { containers: [{ ...app, name: 'holdfast-sidecar' }] }, /container holdfast-sidecar .*rename it/],
    ['Windows', { nodeSelector: { 'kubernetes.io/os': 'windows' } }, /Linux nodes only/],
  ];
  test.each(obstacles)('warns with the reason why a pod cannot be injected: %s', async (outcome, spec, reason) => {
    const answer = await send(review({ containers: [app], ...spec }));
    expect(answer).toEqual({ uid: 'u1', allowed: true, warnings: [expect.stringMatching(reason)] });
    expect(answer.warnings?.[0]).toContain(`${outcome}: this pod starts without the sidecar`);
    expect(outcomes).toEqual([outcome]);
  });

  test('warns if a container that another webhook adds has the port of the sidecar', async () => {
    const pod = { metadata: {}, spec: { containers: [app] } };
    const injected = applyPatch(pod, patched(await send(review(pod.spec))));
    const agent = { name: 'agent', ports: [{ containerPort: 15_999 }] };
    const spec = { ...injected.spec, containers: [...injected.spec.containers, agent] };
    const again = await send(review(spec, injected.metadata));
    expect(again.warnings).toEqual([
      'holdfast: PortConflict: container agent declares port 15999, which it cannot bind, because the sidecar listens on it; set spec.sidecar.port to another port',
    ]);
    expect(outcomes).toEqual(['Injected', 'Injected']);
  });

  test('warns if the port that the StickyWorkload sets is the one of a container', async () => {
    findWorkload = async () => ({ ...cart, spec: { ...cart.spec, sidecar: { port: 16_000 } } });
    const { warnings } = await send(review({ containers: [{ ...app, ports: [{ containerPort: 16_000 }] }] }));
    expect(warnings).toEqual([
      expect.stringMatching(/PortConflict: .*declares port 16000.*set spec.sidecar.port to another port$/),
    ]);
    expect(outcomes).toEqual(['PortConflict']);
  });

  const invalid: [string, unknown][] = [
    ['no spec', undefined],
    ['containers that are not a list', { containers: 'none' }],
    ['a container that is null', { containers: [null] }],
    ['more containers than a node can run', { containers: Array.from({ length: 1001 }, () => app) }],
    ['volumes that are not a list', { containers: [app], volumes: 7 }],
  ];
  test.each(invalid)('allows a pod with %s, and warns that it starts without the sidecar', async (_, spec) => {
    expect(await send(review(spec))).toMatchObject({
      allowed: true,
      warnings: [expect.stringMatching(/starts without the sidecar/)],
    });
    expect(outcomes).toEqual(['Failed']);
    expect(logger.messages().at(-1)).toBe('pod starts without the sidecar');
  });

  test('allows a pod whose workload cannot be looked up', async () => {
    findWorkload = async () => {
      throw new Error('API server away');
    };
    expect(await send(review({ containers: [app] }))).toMatchObject({
      allowed: true,
      warnings: [expect.stringMatching(/API server away/)],
    });
  });

  test('allows a pod whose lookup hangs, before the timeout of the API server', async () => {
    const asked = new Promise<void>((resolve) => {
      findWorkload = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const answer = send(review({ containers: [app] }));
    await asked;
    await clock.advance(9000);
    expect(await answer).toMatchObject({
      allowed: true,
      warnings: [expect.stringMatching(/took longer than 9000 ms/)],
    });
  });

  const refused: [string, () => ReturnType<TlsClient['call']>, number][] = [
    ['another path', () => client.call('POST', '/other', { body: '{}' }), 404],
    ['another method', () => client.call('GET', '/inject'), 405],
    ['a body that is not JSON', () => client.call('POST', '/inject', { body: 'hello' }), 400],
    ['a body that is not an AdmissionReview', () => client.call('POST', '/inject', { body: '{"request":{}}' }), 400],
    ['a body that is too long', () => client.call('POST', '/inject', { body: 'x'.repeat(9 * 1024 * 1024) }), 413],
  ];
  test.each(refused)('rejects %s', async (_, call, status) => {
    expect(await call()).toMatchObject({ status, body: { message: expect.any(String) } });
  });
});

describe('the webhook under attack', () => {
  const head = (bytes: number) =>
    `POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;

  /** Sends all of a body but its last byte. */
  async function holdBack(bytes: number): Promise<TLSSocket> {
    const { port } = server.address() as AddressInfo;
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.write(head(bytes));
    socket.write(Buffer.alloc(bytes - 1, 'x'));
    return socket;
  }

  test('rejects a body that no pod can have before it is sent', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write(head(3 * 1024 * 1024));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413/);
    socket.destroy();
  });

  test('reads bodies of one source up to a bound, and injects a pod once they are gone', async () => {
    const held = await Promise.all(Array.from({ length: 40 }, () => holdBack(2 * 1024 * 1024 - 1)));
    const waiting = send(review({ containers: [app] }));
    for (const socket of held) socket.destroy();
    expect(await waiting).toMatchObject({ allowed: true, patchType: 'JSONPatch' });
  });

  describe('with reviews in progress that take all that one source may have', () => {
    const sized = (kibibytes: number) => review({ containers: [app], filler: 'x'.repeat(kibibytes * 1024) });
    const [small, medium, large] = [sized(1), sized(70), sized(2 * 1024 - 32)];
    let found: (() => void)[];
    /** Until then the server has processed what was sent before. */
    const roundTrips = async (isOver: () => boolean) => {
      do {
        await client.call('GET', '/inject');
      } while (!isOver());
    };

    beforeEach(() => {
      found = [];
      findWorkload = () =>
        new Promise((resolve) => {
          found.push(() => {
            resolve(cart);
          });
        });
    });

    test('another waits until the response of one is sent', async () => {
      const [first, second] = [send(large), send(large)];
      await roundTrips(() => found.length === 2);
      const third = send(medium);
      let trips = 0;
      await roundTrips(() => (trips += 1) === 5);
      expect(found).toHaveLength(2);
      found[0]?.();
      expect(await first).toMatchObject({ patchType: 'JSONPatch' });
      await roundTrips(() => found.length === 3);
      for (const find of found) find();
      expect(await third).toMatchObject({ patchType: 'JSONPatch' });
      expect(await second).toMatchObject({ patchType: 'JSONPatch' });
    });

    test('another is read when their client disconnects, which sent some of them ahead', async () => {
      const { port } = server.address() as AddressInfo;
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      for (const body of [small, large, large]) socket.write(head(Buffer.byteLength(body)) + body);
      await roundTrips(() => found.length === 3);
      const next = send(medium);
      let trips = 0;
      await roundTrips(() => (trips += 1) === 5);
      expect(found).toHaveLength(3);
      socket.destroy();
      await roundTrips(() => found.length === 4);
      found[3]?.();
      expect(await next).toMatchObject({ patchType: 'JSONPatch' });
    });
  });
});
