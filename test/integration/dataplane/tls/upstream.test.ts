/** Connections to pods over TLS, with real servers: whose certificate is accepted, and what clients get otherwise. */
import { once } from 'node:events';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { BackendTls, RoutingTable } from '../../../../src/wire/routing-table.ts';
import { createAuthority, type Issued, type IssueOptions, type TestAuthority } from '../../../support/authority.ts';
import { backendName, proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';

const world = createWorld();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await world.stop();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

let authority: TestAuthority;
beforeAll(async () => {
  authority = await createAuthority();
});

type Pod = {
  port: number;
  serverNames: (string | false | null | undefined)[];
  /** The subjects of the certificates that the proxy presented. */
  clients: string[];
  bodies: string[];
  connections: () => number;
};

/** `options`: of the server. */
async function startPod(certificate: Issued, answer = 'from the pod', options: https.ServerOptions = {}): Promise<Pod> {
  const pod: Pod = { port: 0, serverNames: [], clients: [], bodies: [], connections: () => connections };
  let connections = 0;
  const server = https.createServer(
    { cert: certificate.chain, key: certificate.key, ...options },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      pod.serverNames.push(socket.servername);
      pod.clients.push(socket.getPeerX509Certificate()?.subject ?? 'none');
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
      request.on('end', () => {
        pod.bodies.push(body);
        response.end(answer);
      });
    },
  );
  server.on('secureConnection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const address = server.address();
  pod.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return pod;
}

function tableTo(port: number, settings: BackendTls | undefined, hasSessions = true): RoutingTable {
  const table: RoutingTable = proxyTable({ endpoints: [{ pod: 'a', port }] });
  const backend = table.backends[backendName];
  if (backend === undefined) return table;
  const { sessions, ...plain } = backend;
  const routes = hasSessions ? table.routes : table.routes.map(withoutPersistence);
  const served = { ...plain, ...(hasSessions && sessions && { sessions }), ...(settings && { tls: settings }) };
  return { ...table, routes, backends: { [backendName]: served } };
}

const withoutPersistence = (route: RoutingTable['routes'][number]) => {
  const { persistence, ...plain } = route;
  return persistence === undefined ? route : plain;
};

const trusted = (more: Partial<BackendTls> = {}): BackendTls => ({
  serverName: 'pod.example',
  authorities: authority.certPem,
  ...more,
});

const get = 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n';

async function start(issue: IssueOptions, settings: BackendTls, hasSessions = true) {
  const pod = await startPod(await authority.issue(issue));
  const table = tableTo(pod.port, settings, hasSessions);
  const proxy = await world.proxy(table);
  const failures = async () =>
    (await proxy.metrics('holdfast_upstream_tls_failures_total')).filter((line) => !line.endsWith(' 0'));
  return { pod, proxy, table, failures };
}

const own = { hostnames: ['pod.example'] };

describe('a pod behind TLS', () => {
  test.each([
    ['with sessions', true],
    ['without sessions', false],
  ])('is reached by the name of the settings, %s', async (_sentence, hasSessions) => {
    const { pod, proxy } = await start(own, trusted(), hasSessions);
    expect(await proxy.send(get)).toMatchObject({ status: 200, body: 'from the pod' });
    expect(pod.serverNames).toEqual(['pod.example']);
  });

  test('keeps connections for later requests', async () => {
    const { pod, proxy } = await start(own, trusted());
    for (let count = 0; count < 3; count++) expect((await proxy.send(get)).status).toBe(200);
    expect(pod.connections()).toBe(1);
  });

  test('gets whole bodies, and its own arrive', async () => {
    const body = 'b'.repeat(300_000);
    const pod = await startPod(await authority.issue(own), 'r'.repeat(300_000));
    const proxy = await world.proxy(tableTo(pod.port, trusted()));
    const response = await proxy.send(
      `POST / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(response.body).toBe('r'.repeat(300_000));
    expect(pod.bodies).toEqual([body]);
  });

  test('gets no request by earlier settings once they have changed', async () => {
    const { pod, proxy, table } = await start(own, trusted());
    expect((await proxy.send(get)).status).toBe(200);
    await proxy.swap({ ...table, ...tableTo(pod.port, trusted({ serverName: 'other.example' })) });
    expect((await proxy.send(get)).status).toBe(503);
    await proxy.swap(tableTo(pod.port, trusted()));
    expect((await proxy.send(get)).status).toBe(200);
  });
});

describe('a pod that demands a certificate of the proxy', () => {
  const mutual = () => ({ ca: authority.certPem, requestCert: true, rejectUnauthorized: true });
  const presenting = (name: string) => trusted({ clientCertificate: name });

  test('gets that of the settings, and the next one by another connection once it has been replaced', async () => {
    const pod = await startPod(await authority.issue(own), undefined, mutual());
    const table = tableTo(pod.port, presenting('infra/client'));
    const certificates = { 'infra/client': await authority.issue({ hostnames: ['gateway-1'] }) };
    const proxy = await world.proxy({ ...table, certificates });
    expect((await proxy.send(get)).status).toBe(200);
    expect((await proxy.send(get)).status).toBe(200);
    expect(pod.connections()).toBe(1);
    await proxy.swap({
      ...table,
      certificates: { 'infra/client': await authority.issue({ hostnames: ['gateway-2'] }) },
    });
    expect((await proxy.send(get)).status).toBe(200);
    expect(pod.clients).toEqual(['CN=gateway-1', 'CN=gateway-1', 'CN=gateway-2']);
  });

  test.each<[string, Partial<BackendTls>]>([
    ['have none', {}],
    ['have one that the table does not', { clientCertificate: 'infra/gone' }],
  ])('gets no request if the settings %s', async (_, settings) => {
    const pod = await startPod(await authority.issue(own), undefined, mutual());
    const proxy = await world.proxy(tableTo(pod.port, trusted(settings)));
    expect((await proxy.send(get)).status).toBeGreaterThanOrEqual(502);
    expect(pod.bodies).toEqual([]);
  });

  test('is not needed for one that does not ask for it', async () => {
    const pod = await startPod(await authority.issue(own));
    const certificates = { 'infra/client': await authority.issue({ hostnames: ['gateway'] }) };
    const proxy = await world.proxy({ ...tableTo(pod.port, presenting('infra/client')), certificates });
    expect((await proxy.send(get)).status).toBe(200);
    expect(pod.clients).toEqual(['none']);
  });
});

describe('the certificate of a pod is accepted', () => {
  const spiffe = 'spiffe://shop/cart';
  test.each<{ sentence: string; issue: IssueOptions; settings: Partial<BackendTls> }>([
    {
      sentence: 'with one of several names',
      issue: own,
      settings: names({ URI: spiffe }, { Hostname: 'pod.example' }),
    },
    { sentence: 'with a URI', issue: { uris: [spiffe] }, settings: names({ URI: spiffe }) },
    {
      sentence: 'with a name other than that asked for',
      issue: { hostnames: ['b.example'] },
      settings: names({ Hostname: 'b.example' }),
    },
    { sentence: 'with an asterisk', issue: { hostnames: ['*.example'] }, settings: names({ Hostname: 'b.example' }) },
  ])('$sentence', async ({ issue, settings }) => {
    const { proxy } = await start(issue, trusted(settings));
    expect((await proxy.send(get)).status).toBe(200);
  });
});

describe('the certificate of a pod is not accepted', () => {
  const spiffe = 'spiffe://shop/cart';
  test.each<{ sentence: string; issue: IssueOptions; settings: () => BackendTls; reason: string }>([
    { sentence: 'with another name', issue: { hostnames: ['b.example'] }, settings: trusted, reason: 'WrongName' },
    {
      sentence: 'with the server name, if others are wanted',
      issue: own,
      settings: () => trusted(names({ Hostname: 'b.example' })),
      reason: 'WrongName',
    },
    {
      sentence: 'with a URI as a host name',
      issue: { hostnames: ['shop'], uris: ['pod.example:x'] },
      settings: () => trusted(names({ Hostname: 'x' })),
      reason: 'WrongName',
    },
    {
      sentence: 'with another URI',
      issue: { uris: [`${spiffe}2`] },
      settings: () => trusted(names({ URI: spiffe })),
      reason: 'WrongName',
    },
    {
      sentence: 'with a URI that contains the wanted one after a comma',
      issue: { uris: [`urn:x, URI:${spiffe}`] },
      settings: () => trusted(names({ URI: spiffe })),
      reason: 'WrongName',
    },
    {
      sentence: 'of an asterisk for two labels',
      issue: { hostnames: ['*.example'] },
      settings: () => trusted(names({ Hostname: 'a.b.example' })),
      reason: 'WrongName',
    },
    {
      sentence: 'that has expired',
      issue: { ...own, notAfter: new Date('2026-02-01') },
      settings: trusted,
      reason: 'Expired',
    },
    {
      sentence: 'of an authority that browsers do not trust',
      issue: own,
      settings: () => ({ serverName: 'pod.example' }),
      reason: 'Untrusted',
    },
  ])('$sentence', async ({ issue, settings, reason }) => {
    const { pod, proxy, failures } = await start(issue, settings());
    expect((await proxy.send(get)).status).toBe(503);
    expect(pod.bodies).toEqual([]);
    // One attempt: it would end as the first one.
    expect(await failures()).toEqual([`holdfast_upstream_tls_failures_total{reason="${reason}"} 1`]);
  });

  test('by a pod that does not speak TLS: nothing is sent to it in the clear', async () => {
    const app = await world.app();
    const proxy = await world.proxy(tableTo(app.port, trusted()));
    expect((await proxy.send(get)).status).toBe(503);
    expect(app.received()).toBe('');
    expect(await proxy.metrics('holdfast_upstream_tls_failures_total{reason="Handshake"}')).toEqual([
      expect.stringMatching(/ 1$/),
    ]);
  });
});

function names(...wanted: { Hostname?: string; URI?: string }[]): Partial<BackendTls> {
  return {
    subjectAltNames: wanted.map(({ Hostname, URI }) =>
      URI === undefined ? { type: 'Hostname', value: Hostname ?? '' } : { type: 'URI', value: URI },
    ),
  };
}
