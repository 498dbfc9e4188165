/** The files of docs/guide/moving-from-haproxy-and-nginx.md, run: HAProxy where it is installed, and always the table files that take its place. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createCertificate } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import {
  createBrowser,
  startServer,
  startTableProcess,
  type Browser,
  type Cleanups,
  type TableProcess,
} from '../../support/table-process.ts';

jest.setTimeout(120_000);

let folder: string;
const cleanups: Cleanups = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-moving-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Returns a block of the guide with the addresses of running servers. */
async function example(
  language: 'haproxy' | 'yaml',
  number: number,
  replaced: Record<string, string>,
): Promise<string> {
  const guide = await readFile('docs/guide/moving-from-haproxy-and-nginx.md', 'utf8');
  const block = [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))][number]?.[1];
  if (block === undefined) throw new Error(`the guide has no example ${number} of ${language}`);
  return Object.entries(replaced).reduce((text, [from, to]) => text.replaceAll(from, to), block);
}

const startServers = async () => ({
  '10.0.0.11:8080': await startServer('web1', cleanups),
  '10.0.0.12:8080': await startServer('web2', cleanups),
});

async function runHaproxy(config: string): Promise<void> {
  const file = path.join(folder, 'haproxy.cfg');
  const timeouts = 'defaults\n    timeout client 60s\n    timeout server 60s\n    timeout connect 5s\n';
  await writeFile(file, timeouts + config);
  const child = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  cleanups.push(async () => {
    child.kill('SIGKILL');
    await exited;
  });
}

const visitAll = (browsers: readonly Browser[]) => Promise.all(browsers.map((browser) => browser.visit()));

/** A limit that no run reaches: idle servers are drawn for new sessions, so all of these have the same once in 2^63 runs. */
const clientLimit = 64;

/** At least six clients, of whom each server has some, and who stay there. */
async function expectSticky(open: () => Browser) {
  const browsers: Browser[] = [];
  const first: string[] = [];
  while (browsers.length < 6 || (new Set(first).size < 2 && browsers.length < clientLimit)) {
    const browser = open();
    browsers.push(browser);
    first.push(await browser.visit());
  }
  expect(new Set(first)).toEqual(new Set(['web1', 'web2']));
  expect(await visitAll(browsers)).toEqual(first);
  expect(await visitAll(browsers)).toEqual(first);
  return { browsers, first };
}

/** What the old proxies leave to guesses: web2 drains, then it is removed. */
async function expectDrain(file: string, { admin }: TableProcess, open: () => Browser): Promise<void> {
  const { browsers, first } = await expectSticky(open);
  const text = await readFile(file, 'utf8');
  const line = [...text.matchAll(/^ +- \{.*address.*\}\n/gm)][1]?.[0] ?? '';
  await writeFile(file, text.replace(line, line.replace(' }', ', draining: true }')));
  await eventually(
    () => admin('/metrics'),
    (metrics) => /^holdfast_endpoints\{.*state="Draining"\} 1$/m.test(metrics),
    20_000,
  );
  expect(await visitAll([open(), open(), open(), open()])).toEqual(['web1', 'web1', 'web1', 'web1']);
  expect(await visitAll(browsers)).toEqual(first);
  await writeFile(file, text.replace(line, ''));
  await eventually(
    () => visitAll(browsers),
    (servers) => servers.every((server) => server === 'web1'),
    20_000,
  );
}

const withoutHaproxy = spawnSync('haproxy', ['-v']).status === 0 ? '' : ' (skipped: haproxy is not installed)';
const testWithHaproxy = withoutHaproxy === '' ? test : test.skip;

describe('HAProxy', () => {
  testWithHaproxy(`is sticky as the guide has it${withoutHaproxy}`, async () => {
    const port = await freePort();
    const servers = await startServers();
    const config = await example('haproxy', 0, { ...servers, 'bind :8080': `bind 127.0.0.1:${port}` });
    await runHaproxy(config);
    const probe = createBrowser(port);
    await eventually(
      () => probe.visit().catch(() => ''),
      (server) => server.startsWith('web'),
      20_000,
    );
    await expectSticky(() => createBrowser(port));
    expect(probe.cookies.get('SRV')).toMatch(/^web[12]/);
  });

  test('is moved over: the sessions stay, also while a server drains', async () => {
    const port = await freePort();
    const file = path.join(folder, 'haproxy.yaml');
    await writeFile(file, await example('yaml', 0, { ...(await startServers()), 'port: 8080': `port: ${port}` }));
    const proxy = await startTableProcess(file, cleanups);
    const browser = createBrowser(port);
    await browser.visit();
    expect(browser.lastSet()).toMatch(/^SRV=h1\.\S+; Path=\/; HttpOnly; SameSite=Lax$/);
    await expectDrain(file, proxy, () => createBrowser(port));
  });

  testWithHaproxy(`may stay in front until its sessions have ended${withoutHaproxy}`, async () => {
    const [port, behind] = [await freePort(), await freePort()];
    const servers = await startServers();
    const file = path.join(folder, 'behind.yaml');
    const table = await example('yaml', 0, {
      ...servers,
      'port: 8080': `port: ${behind}`,
      'name: SRV': 'name: shop-session',
    });
    await writeFile(file, table);
    await startTableProcess(file, cleanups);
    const replaced = { ...servers, 'bind :8080': `bind 127.0.0.1:${port}`, '127.0.0.1:8081': `127.0.0.1:${behind}` };
    await runHaproxy(await example('haproxy', 1, replaced));
    const newUser = createBrowser(port);
    await eventually(
      () => newUser.visit().catch(() => ''),
      (server) => server.startsWith('web'),
      20_000,
    );
    expect([...newUser.cookies.keys()]).toEqual(['shop-session']);
    const { browsers } = await expectSticky(() => createBrowser(port));
    expect(browsers.every(({ cookies }) => cookies.has('shop-session'))).toBe(true);
    const oldUser = createBrowser(port);
    (oldUser.cookies as Map<string, string>).set('SRV', 'web2');
    expect([await oldUser.visit(), await oldUser.visit()]).toEqual(['web2', 'web2']);
    expect([...oldUser.cookies.keys()]).toEqual(['SRV']);
  });
});

test('NGINX is moved over: HTTPS, and the attributes of its cookie', async () => {
  const port = await freePort();
  await mkdir(path.join(folder, 'tls'));
  const { chain, key } = await createCertificate({ hostnames: ['shop.example.com'] });
  await writeFile(path.join(folder, 'tls/shop.crt'), chain);
  await writeFile(path.join(folder, 'tls/shop.key'), key);
  const file = path.join(folder, 'nginx.yaml');
  await writeFile(file, await example('yaml', 1, { ...(await startServers()), 'port: 8443': `port: ${port}` }));
  const proxy = await startTableProcess(file, cleanups);
  const open = () => createBrowser(port, { secure: true });
  const browser = open();
  await browser.visit();
  expect(browser.lastSet()).toMatch(
    /^srv_id=h1\.\S+; Max-Age=3600; Path=\/; Domain=example\.com; Secure; HttpOnly; SameSite=Lax$/,
  );
  await expectDrain(file, proxy, open);
});
