/** `holdfast proxy --table` as people run it: a process, a file, and what it prints. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { liveProxyPorts } from '../../../src/dataplane/proxy.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';
import { shopFile } from '../../support/table-files.ts';
import {
  createBrowser,
  runHoldfast,
  startServer,
  startTableProcess,
  type Cleanups,
} from '../../support/table-process.ts';

// Each test starts Node processes, which is slow on a busy machine.
jest.setTimeout(120_000);

let folder: string;
const cleanups: Cleanups = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-table-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** The ten lines of the guide. */
async function tenLines(): Promise<string> {
  const guide = await readFile('docs/guide/standalone.md', 'utf8');
  return /^```yaml\n(.*?)^```/ms.exec(guide)?.[1] ?? '';
}

describe('the ten lines of the guide', () => {
  test('are ten lines, and --check prints what the guide says', async () => {
    const file = path.join(folder, 'table.yaml');
    const lines = await tenLines();
    expect(lines.trimEnd().split('\n')).toHaveLength(10);
    await writeFile(file, lines);
    const { code, stdout } = await runHoldfast(['proxy', '--check', '--table', file]);
    expect(code).toBe(0);
    expect(await readFile('docs/guide/standalone.md', 'utf8')).toContain(stdout.replace(file, 'table.yaml'));
  });

  test('keep sessions on their servers, over a restart too', async () => {
    const port = await freePort();
    const file = path.join(folder, 'ten.yaml');
    const [one, two] = [await startServer('one', cleanups), await startServer('two', cleanups)];
    const lines = (await tenLines())
      .replace('8080', String(port))
      .replace('10.0.0.11:8080', one)
      .replace('10.0.0.12:8080', two);
    await writeFile(file, lines);
    const first = await startTableProcess(file, cleanups);
    const browsers = Array.from({ length: 6 }, () => createBrowser(port));
    const before = await Promise.all(browsers.map((browser) => browser.visit()));
    expect(new Set(before)).toEqual(new Set(['one', 'two']));
    expect((await stat(path.join(folder, 'session.keys'))).mode & 0o777).toBe(0o600);
    await first.stop();
    await startTableProcess(file, cleanups);
    expect(await Promise.all(browsers.map((browser) => browser.visit()))).toEqual(before);
  });
});

describe('an invalid file', () => {
  test.each([
    ['the start', ['proxy', '--table']],
    ['--check', ['proxy', '--check', '--table']],
  ])('ends %s with its problems and exit code 1', async (_, args) => {
    const file = path.join(folder, 'bad.yaml');
    await writeFile(file, 'listeners:\n  - port: 80800\nroutes: []\nbackends: {}\n');
    const { code, stderr } = await runHoldfast([...args, file], { HOLDFAST_ADMIN_PORT: '0' });
    expect(code).toBe(1);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      `${file}:2:11: listeners[0].port: 80800 must be a whole number from 1 to 65535`,
      `${file}:3:1: routes: has 0 entries: it needs at least 1`,
    ]);
  });

  test('that is missing ends the start with exit code 1', async () => {
    const file = path.join(folder, 'none.yaml');
    const { code, stderr } = await runHoldfast(['proxy', '--table', file], { HOLDFAST_ADMIN_PORT: '0' });
    expect(code).toBe(1);
    expect(stderr).toContain(`${file}: cannot be read: ENOENT`);
  });

  test('later changes nothing but a metric', async () => {
    const port = await freePort();
    const file = path.join(folder, 'later.json');
    await writeFile(
      file,
      JSON.stringify(shopFile([{ address: await startServer('one', cleanups) }], { listeners: [{ port }] })),
    );
    const { admin } = await startTableProcess(file, cleanups);
    const current = async () => /^holdfast_table_file_current (\d)$/m.exec(await admin('/metrics'))?.[1];
    expect(await current()).toBe('1');
    const browser = createBrowser(port);
    await browser.visit();
    await writeFile(file, '{}');
    await eventually(current, (value) => value === '0', 20_000);
    expect(await browser.visit()).toBe('one');
  });
});

test('keys are rotated by the steps of the guide, and every session stays', async () => {
  const port = await freePort();
  const file = path.join(folder, 'rotated.json');
  const [old, next] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
  const servers = [await startServer('one', cleanups), await startServer('two', cleanups)];
  const writeKeys = (...keys: readonly (string | undefined)[]) =>
    writeFile(path.join(folder, 'rotated.keys'), keys.join('\n'));
  await writeKeys(old);
  const addresses = servers.map((address) => ({ address }));
  await writeFile(file, JSON.stringify(shopFile(addresses, { listeners: [{ port }], keyFile: 'rotated.keys' })));
  const { admin } = await startTableProcess(file, cleanups);
  const ring = async () => /"keyRing":\{"current":\d+,"keys":\[.*?\}\]/.exec(await admin('/debug/table'))?.[0];
  const browsers = Array.from({ length: 6 }, () => createBrowser(port));
  const visits = () => Promise.all(browsers.map((browser) => browser.visit()));
  const first = await visits();
  expect(new Set(first)).toEqual(new Set(['one', 'two']));
  const tokens = browsers.map(({ cookies }) => cookies.get('shop-session'));
  for (const keys of [[old, next], [next, old], [next]]) {
    const before = await ring();
    await writeKeys(...keys);
    await eventually(ring, (now) => now !== before, 20_000);
    expect(await visits()).toEqual(first);
  }
  expect(await visits()).toEqual(first);
  expect(browsers.every(({ cookies }, at) => cookies.get('shop-session') !== tokens[at])).toBe(true);
});

test('a port of a table file is bound as it is written', () => {
  const ports = liveProxyPorts(
    { clock: systemClock, log: createMemoryLogger() },
    { source: { kind: 'file', file: 'table.yaml' } },
  );
  expect([80, 9090].map(ports.bindPort)).toEqual([80, 9090]);
});

test('--check without a table says what is missing', async () => {
  const { code, stdout } = await runHoldfast(['proxy', '--check']);
  expect(code).toBe(1);
  expect(stdout).toContain('--check needs a table: --table FILE');
});
