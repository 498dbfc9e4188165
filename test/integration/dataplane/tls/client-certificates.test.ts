/** Listeners that demand certificates of clients, with real clients: who gets in, by a first handshake and by a resumed session. */
import { once } from 'node:events';
import type { ConnectionOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Certificate, ClientCertificates, Listener } from '../../../../src/wire/routing-table.ts';
import { createAuthority, type Issued, type TestAuthority } from '../../../support/authority.ts';
import { eventually } from '../../../support/eventually.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';
import { shakeHands, type Handshaken } from '../../../support/tls-handshake.ts';

const world = createWorld();
afterEach(() => world.stop());

let servers: TestAuthority;
let staff: TestAuthority;
let partners: TestAuthority;
let certificates: Record<string, Certificate>;
let known: Issued;
let foreign: Issued;
let expired: Issued;
/** Of another authority with the same name: OpenSSL compares the signature, and fails otherwise than with a name that it does not know. */
let forged: Issued;
beforeAll(async () => {
  [servers, staff, partners] = [
    await createAuthority(),
    await createAuthority('staff'),
    await createAuthority('partners'),
  ];
  certificates = { shop: await servers.issue({ hostnames: ['shop.example'] }) };
  known = await staff.issue({ hostnames: ['alice'] });
  foreign = await partners.issue({ hostnames: ['mallory'] });
  forged = await (await createAuthority('staff')).issue({ hostnames: ['alice'] });
  expired = await staff.issue({ hostnames: ['bob'], notAfter: new Date('2026-02-01') });
});

const https = (name: string, clientCertificates?: ClientCertificates, port = 443): Listener => ({
  name,
  protocol: 'HTTPS',
  port,
  certificates: ['shop'],
  ...(clientCertificates && { clientCertificates }),
});
const required = (...authorities: TestAuthority[]): ClientCertificates => ({
  mode: 'Required',
  authorities: authorities.map(({ certPem }) => certPem).join('\n'),
});
const optional = (authority: TestAuthority): ClientCertificates => ({ ...required(authority), mode: 'Optional' });

async function start(...listeners: Listener[]) {
  const app = await world.app();
  const table = { ...proxyTable({ endpoints: [{ pod: 'a', port: app.port }] }), listeners, certificates };
  const proxy = await world.proxy(table);
  const ports = new Map<number, number>();
  for (const { port } of listeners) {
    ports.set(port, (await eventually(() => proxy.proxy.listeners.boundPort(port), Boolean)) ?? 0);
  }
  const connect = (options: ConnectionOptions, port = 443) =>
    shakeHands(ports.get(port) ?? 0, { ca: servers.certPem, servername: 'shop.example', ...options });
  const failures = async () =>
    (await proxy.metrics('holdfast_tls_handshake_failures_total')).filter((line) => !line.endsWith(' 0'));
  return { app, table, proxy, connect, failures };
}

type Started = Awaited<ReturnType<typeof start>>;

const request = 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n';
const keptAlive = 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n';
const as = ({ chain, key }: Issued): ConnectionOptions => ({ cert: chain, key });

/** Returns the status of the response, or `closed`. With TLS 1.3 clients learn of a refusal only after their own handshake. */
async function visit({ connect }: Started, options: ConnectionOptions, port?: number): Promise<string> {
  try {
    const client = await connect(options, port);
    const response = await answer(client);
    return response === '' ? 'closed' : response.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);
  } catch {
    return 'closed';
  }
}

async function answer({ socket }: Handshaken): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  socket.write(request);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a listener that demands a certificate, with %s', (version) => {
  const only: ConnectionOptions = { minVersion: version, maxVersion: version };

  test('serves a client that has one of its authorities', async () => {
    const world = await start(https('https', required(partners, staff)));
    expect(await visit(world, { ...only, ...as(known) })).toBe('200');
    expect(await visit(world, { ...only, ...as(foreign) })).toBe('200');
  });

  test.each<[string, () => ConnectionOptions]>([
    ['none', () => ({})],
    ['one of another authority', () => as(foreign)],
    ['one of another authority with the same name', () => as(forged)],
    ['one that has expired', () => as(expired)],
  ])('refuses a client that has %s, and the app learns nothing of it', async (_, options) => {
    const world = await start(https('https', required(staff)));
    expect(await visit(world, { ...only, ...options() })).toBe('closed');
    expect(world.app.received()).toBe('');
    expect(await world.failures()).toEqual(['holdfast_tls_handshake_failures_total{reason="ClientCertificate"} 1']);
  });

  test('resumes the session of a client with a certificate', async () => {
    const { connect } = await start(https('https', required(staff)));
    const first = await connect({ ...only, ...as(known) });
    const session = await sessionOf(first);
    const second = await connect({ ...only, ...as(known), session });
    expect(second.socket.isSessionReused()).toBe(true);
    expect(await answer(second)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each<[string, () => ClientCertificates | undefined, () => ConnectionOptions]>([
    ['demands none', () => undefined, () => ({})],
    ['demands none, although the client has one', () => undefined, () => as(foreign)],
    ['does without', () => optional(staff), () => ({})],
    ['does without, and saw one of another authority', () => optional(staff), () => as(foreign)],
    ['has other authorities', () => required(partners), () => as(foreign)],
  ])('does not take a session from a listener that %s', async (_, elsewhere, options) => {
    const world = await start(https('https', required(staff)), https('other', elsewhere(), 8443));
    const session = await sessionOf(await world.connect({ ...only, ...options() }, 8443));
    expect(await visit(world, { ...only, ...options(), session }, 8443)).toBe('200');
    expect(await visit(world, { ...only, ...options(), session })).toBe('closed');
    expect(await visit(world, { ...only, session })).toBe('closed');
    expect(await visit(world, { ...only, ...as(known), session })).toBe('200');
  });

  test('does not take the session that a refused client may have got', async () => {
    const world = await start(https('https', required(staff)));
    const refused = await world.connect({ ...only, ...as(foreign) }).catch(() => undefined);
    const sessions: Buffer[] = [];
    refused?.socket.on('session', (session) => sessions.push(session)).on('error', () => undefined);
    if (refused?.socket.closed === false) await once(refused.socket, 'close');
    for (const session of sessions) expect(await visit(world, { ...only, ...as(foreign), session })).toBe('closed');
  });
});

describe('a listener that asks for a certificate and does without', () => {
  test.each<[string, () => ConnectionOptions]>([
    ['none', () => ({})],
    ['one of another authority', () => as(foreign)],
    ['one of another authority with the same name', () => as(forged)],
    ['one of its authorities', () => as(known)],
  ])('serves a client that has %s', async (_, options) => {
    expect(await visit(await start(https('https', optional(staff))), options())).toBe('200');
  });
});

describe('the authority of clients', () => {
  test('may be one that another authority has signed, and is trusted alone', async () => {
    const team = await staff.intermediate('team');
    const world = await start(https('https', required(team)));
    expect(await visit(world, as(await team.issue({ hostnames: ['carol'] })))).toBe('200');
    expect(await visit(world, as(known))).toBe('closed');
  });

  test('is replaced for later handshakes, and open connections continue', async () => {
    const world = await start(https('https', required(staff)));
    const open = await world.connect(as(known));
    await world.proxy.swap({ ...world.table, listeners: [https('https', required(partners))] });
    expect(await answer(open)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await visit(world, as(known))).toBe('closed');
    expect(await visit(world, as(foreign))).toBe('200');
  });

  test('is demanded of connections from before by 421, so that clients repeat the request', async () => {
    const world = await start(https('https'));
    const open = await world.connect({});
    open.socket.write(keptAlive);
    expect(String(await once(open.socket, 'data'))).toMatch(/^HTTP\/1\.1 200 /);
    await world.proxy.swap({ ...world.table, listeners: [https('https', required(staff))] });
    expect(await answer(open)).toMatch(/^HTTP\/1\.1 421 /);
  });

  test('that cannot be read leaves the listener closed, and the others as they are', async () => {
    const broken: ClientCertificates = { mode: 'Required', authorities: 'Hello world' };
    const world = await start(https('https', broken), https('other', undefined, 8443));
    expect(await visit(world, as(known))).toBe('closed');
    expect(await visit(world, {}, 8443)).toBe('200');
  });
});

/** With TLS 1.2 it is part of the handshake, with TLS 1.3 it follows. */
async function sessionOf({ socket }: Handshaken): Promise<Buffer> {
  const inHandshake = socket.getProtocol() === 'TLSv1.2' ? socket.getSession() : undefined;
  if (inHandshake !== undefined) {
    socket.destroy();
    return inHandshake;
  }
  const session = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.on('error', () => undefined).write(request);
  socket.resume();
  return session;
}
