/**
 * The examples of docs/guide/load-balancers.md, as they are there, in front of the built proxy: a real NGINX and a real HAProxy that
 * terminate TLS. Only addresses and file names are replaced.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { bundle } from '../../../scripts/build/bundle.ts';
import type { ProxySettings } from '../../../src/wire/proxy-settings.ts';
import { createCertificates, type Certificates } from '../../../tools/demo/certificate.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { proxyTable } from '../../support/proxy-table.ts';

const guide = 'docs/guide/load-balancers.md';
const service = 'holdfast-holdfast.shop.svc.cluster.local:80';
const whyNot = (program: string, flag: string) =>
  spawnSync(program, [flag]).error === undefined
    ? ''
    : ` [skipped, because ${program} is not there: apt-get install ${program}]`;
const missing = { nginx: whyNot('nginx', '-v'), haproxy: whyNot('haproxy', '-v') };

let folder = '';
let certificates: Certificates;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-in-front-'));
  await bundle(join(folder, 'dist'));
  certificates = await createCertificates({ names: ['shop.example'] });
  await writeFile(join(folder, 'tls.crt'), certificates.certPem);
  await writeFile(join(folder, 'tls.key'), certificates.keyPem);
  await writeFile(join(folder, 'tls.pem'), certificates.certPem + certificates.keyPem);
}, 120_000);
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(command: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
}

/** Of a process, while other tests start theirs. */
const startLimitMs = 20_000;

const untilListening = (port: number) =>
  eventually(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect({ port, host: '127.0.0.1' });
        socket.on('connect', () => resolve(true));
        socket.on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
      }),
    Boolean,
    startLimitMs,
  );

/** Responds with the headers that it received, and echoes WebSocket messages. */
async function startApp(): Promise<number> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Starts the built proxy with a table in a file. */
async function startHoldfast(proxy: Partial<ProxySettings>) {
  const [port, adminPort, appPort] = [await freePort(), await freePort(), await startApp()];
  const table = proxyTable({ port, endpoints: [{ pod: 'a', port: appPort }], cookie: { secureIfHttps: true } });
  const file = join(folder, `table-${port}.json`);
  await writeFile(file, JSON.stringify({ ...table, proxy }));
  run(process.execPath, [join(folder, 'dist', 'holdfast.js'), 'proxy', '--table', file], {
    HOLDFAST_ADMIN_PORT: String(adminPort),
    HOLDFAST_LOG_LEVEL: 'error',
  });
  const isReady = async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok;
  await eventually(() => isReady().catch(() => false), Boolean, startLimitMs);
  return {
    port,
    async metric(name: string) {
      const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    },
  };
}

/** Returns a block of the guide. */
async function example(language: string): Promise<string> {
  const [, block] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(await readFile(guide, 'utf8')) ?? [];
  if (block === undefined) throw new Error(`${guide} has no example for ${language}`);
  return block;
}

async function startNginx(upstreamPort: number): Promise<number> {
  const port = await freePort();
  const block = (await example('nginx'))
    .replace(service, `127.0.0.1:${upstreamPort}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replaceAll('/etc/nginx/tls', folder);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr error; events {} http { access_log off; ${paths.join(' ')}\n${block}}`,
  );
  run('nginx', ['-c', file, '-p', folder]);
  await untilListening(port);
  return port;
}

async function startHaproxy(
  upstreamPort: number,
  change: (config: string) => string = (config) => config,
): Promise<number> {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  const config = (await example('haproxy'))
    .replace(service, `127.0.0.1:${upstreamPort}`)
    .replace('bind :443', `bind 127.0.0.1:${port}`)
    .replaceAll('/etc/haproxy', folder);
  await writeFile(file, change(config));
  run('haproxy', ['-db', '-q', '-f', file]);
  await untilListening(port);
  return port;
}

type Answer = { seen: Record<string, string>; cookie: string; isSecure: boolean };

/** Another one than that from which NGINX and HAProxy connect. */
const clientAddress = '127.0.0.2';
const balancerOnly = ['127.0.0.1/32'];

/** A client that keeps its connections and sends what it likes about itself. */
function createClient(port: number) {
  const agent = new https.Agent({
    keepAlive: true,
    maxSockets: 1,
    rejectUnauthorized: false,
    localAddress: clientAddress,
  });
  cleanups.push(() => agent.destroy());
  return (headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const forged = { 'x-forwarded-for': '6.6.6.6', 'x-real-ip': '6.6.6.6', 'x-forwarded-proto': 'http' };
      const options = { agent, port, host: '127.0.0.1', headers: { host: 'shop.example', ...forged, ...headers } };
      https
        .get(options, (response) => {
          const [setCookie = ''] = response.headers['set-cookie'] ?? [];
          response
            .toArray()
            .then((chunks: Buffer[]) =>
              resolve({
                seen: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>,
                cookie: setCookie.split(';')[0] ?? '',
                isSecure: / Secure;/.test(setCookie),
              }),
            )
            .catch(reject);
        })
        .on('error', reject);
    });
}

async function echoes(port: number): Promise<string> {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false });
  await once(socket, 'open');
  socket.send('hello');
  const [data] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return data.toString();
}

const describeWith = (program: keyof typeof missing) => (missing[program] === '' ? describe : describe.skip);

describeWith('nginx')(`NGINX in front, as in the guide${missing.nginx}`, () => {
  test('tells the app who the client is; the session cookie is Secure, and connections are reused', async () => {
    const holdfast = await startHoldfast({ trustedProxies: balancerOnly });
    const port = await startNginx(holdfast.port);
    const send = createClient(port);
    const first = await send();
    expect(first.seen).toMatchObject({
      host: 'shop.example',
      'x-forwarded-for': `${clientAddress}, 127.0.0.1`,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
      'x-forwarded-port': String(port),
      'x-real-ip': clientAddress,
    });
    expect(first.isSecure).toBe(true);
    for (let request = 0; request < 20; request += 1) {
      expect(await send({ cookie: first.cookie })).toMatchObject({ cookie: '' });
    }
    // One for all requests, and those that untilListening opened.
    expect(await holdfast.metric('holdfast_http_connections_total')).toBeLessThanOrEqual(2);
    expect(await echoes(port)).toBe('echo hello');
  });

  test('is not believed unless it is trusted', async () => {
    const holdfast = await startHoldfast({ trustedProxies: [] });
    const { seen, isSecure } = await createClient(await startNginx(holdfast.port))();
    expect(seen).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    expect(seen['x-real-ip']).toBeUndefined();
    expect(isSecure).toBe(false);
  });
});

describeWith('haproxy')(`HAProxy in front, as in the guide${missing.haproxy}`, () => {
  test.each([
    { sends: 'send-proxy-v2-ssl', proto: 'https' },
    { sends: 'send-proxy-v2', proto: 'http' },
    { sends: 'send-proxy', proto: 'http' },
  ])('tells the proxy who the client is with $sends, and the app sees $proto', async ({ sends, proto }) => {
    const holdfast = await startHoldfast({ proxyProtocol: 'Required', trustedProxies: balancerOnly });
    const port = await startHaproxy(holdfast.port, (config) => config.replace('send-proxy-v2-ssl', sends));
    const send = createClient(port);
    const first = await send();
    expect(first.seen).toMatchObject({
      'x-forwarded-for': clientAddress,
      'x-forwarded-proto': proto,
      host: 'shop.example',
    });
    expect(first.seen['x-real-ip']).toBeUndefined();
    expect(first.isSecure).toBe(proto === 'https');
    expect(await send({ cookie: first.cookie })).toMatchObject({ cookie: '' });
    expect(await echoes(port)).toBe('echo hello');
  });
});
