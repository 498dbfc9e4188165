/** A table file as it is read and followed: real files, a manual clock. */
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkTableFile } from '../../../../src/dataplane/table-file/check-table.ts';
import { followTableFile } from '../../../../src/dataplane/table-file/follow-table.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { createCertificate } from '../../../support/certificates.ts';
import { eventually } from '../../../support/eventually.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { shopFile } from '../../../support/table-files.ts';

let folder: string;
let file: string;
const cleanups: (() => void)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'table-file-'));
  file = path.join(folder, 'table.yaml');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rm(folder, { recursive: true });
});

const one = { address: '10.0.0.11:8080' };
const two = { address: '10.0.0.12:8080' };
const write = (endpoints: readonly object[], more: object = {}) =>
  writeFile(file, JSON.stringify(shopFile(endpoints, more)));

/** `addresses`: of the tables in use, one after another. */
async function follow() {
  const clock = createManualClock();
  const log = createMemoryLogger();
  const tables: RoutingTable[] = [];
  let confirmed = 0;
  const followed = await followTableFile(file, {
    clock,
    log,
    onTable: (table) => tables.push(table),
    onUnchanged: () => (confirmed += 1),
  });
  cleanups.push(() => followed.stop());
  /** The file is read again, and the next time is planned. */
  const poll = async (ms = 1000) => {
    await clock.advance(ms);
    await eventually(
      () => clock.pending(),
      (timers) => timers === 1,
    );
  };
  return {
    clock,
    log,
    followed,
    tables,
    poll,
    confirmed: () => confirmed,
    addresses: () =>
      tables.map(({ backends }) =>
        Object.values(backends).flatMap(({ endpoints }) => endpoints.map(({ address }) => address)),
      ),
  };
}

describe('a table file', () => {
  test('is current for as long as it is read and has not changed; an invalid one is not', async () => {
    await write([one]);
    const { poll, confirmed, followed, log, addresses } = await follow();
    await poll();
    expect([confirmed(), followed.isCurrent()]).toEqual([1, true]);
    await writeFile(file, '{}');
    await poll();
    await poll(200);
    await poll();
    expect([confirmed(), followed.isCurrent()]).toEqual([1, false]);
    expect(log.lines().map(({ message }) => message)).toEqual([
      'session keys created: other proxies of the service need a copy',
      'invalid table file: the last good one stays in use',
    ]);
    await write([one]);
    await poll();
    expect([confirmed(), followed.isCurrent()]).toEqual([2, true]);
    expect(addresses()).toEqual([['10.0.0.11']]);
  });

  test('counts only when it was the same twice: one that is half written may be valid', async () => {
    await write([one, two]);
    const { poll, addresses } = await follow();
    await write([one]);
    await poll();
    await write([two]);
    await poll(200);
    expect(addresses()).toEqual([['10.0.0.11', '10.0.0.12']]);
    await poll(200);
    expect(addresses()).toEqual([['10.0.0.11', '10.0.0.12'], ['10.0.0.12']]);
  });

  test('may be half written for a moment without a line in the log', async () => {
    await write([one]);
    const { poll, log, addresses } = await follow();
    await writeFile(file, '{"listeners": [');
    await poll();
    await write([two]);
    await poll(200);
    await poll(200);
    expect(addresses().at(-1)).toEqual(['10.0.0.12']);
    expect(log.messages()).not.toContain('invalid table file: the last good one stays in use');
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      'by an editor that renames',
      async () => {
        await writeFile(`${file}~`, JSON.stringify(shopFile([two])));
        await rename(`${file}~`, file);
      },
    ],
    ['in place', () => write([two])],
  ])('is followed when it is replaced %s', async (_, replace) => {
    await write([one]);
    const { poll, addresses } = await follow();
    await replace();
    await poll();
    await poll(200);
    expect(addresses()).toEqual([['10.0.0.11'], ['10.0.0.12']]);
  });

  test('is followed when it is a key of a ConfigMap, whose folder is a symbolic link that is swapped', async () => {
    const version = async (name: string, endpoints: readonly object[]) => {
      await mkdir(path.join(folder, name));
      await writeFile(
        path.join(folder, name, 'table.yaml'),
        JSON.stringify(shopFile(endpoints, { keyFile: path.join(folder, 'keys') })),
      );
      await symlink(name, path.join(folder, 'next'));
      await rename(path.join(folder, 'next'), path.join(folder, '..data'));
    };
    await version('..1', [one]);
    await symlink(path.join('..data', 'table.yaml'), file);
    const { poll, addresses } = await follow();
    await version('..2', [two]);
    await poll();
    await poll(200);
    expect(addresses()).toEqual([['10.0.0.11'], ['10.0.0.12']]);
  });

  test('gives up a draining server in time, also while it is invalid', async () => {
    await writeFile(file, '');
    const { clock } = { clock: createManualClock() };
    const drainUntil = new Date(clock.nowMs() + 5000).toISOString();
    await write([one, { ...two, draining: true, drainUntil }]);
    const { poll, addresses } = await follow();
    await writeFile(file, '- no table');
    await poll();
    await poll(200);
    expect(addresses()).toEqual([['10.0.0.11', '10.0.0.12']]);
    await poll(4000);
    expect(addresses().at(-1)).toEqual(['10.0.0.11']);
  });

  test('keeps parts that have not changed the same objects', async () => {
    await write([one]);
    const { poll, tables } = await follow();
    await write([one], { limits: { connections: 5 } });
    await poll();
    await poll(200);
    expect(tables[1]?.proxy?.limits.connections).toBe(5);
    expect(tables[1]?.backends).toBe(tables[0]?.backends);
  });

  test('may be a routing table as the operator sends it, which tests and benchmarks write', async () => {
    await writeFile(file, JSON.stringify(proxyTable({ endpoints: [{ pod: 'a' }] })));
    const { tables } = await follow();
    expect(tables[0]?.backends).toHaveProperty(['shop/cart', 'endpoints', '0', 'pod'], 'a');
  });
});

describe('the key file', () => {
  const keyFile = () => path.join(folder, 'session.keys');

  test('is created at the first start, only for the user of the proxy', async () => {
    await write([one]);
    await follow();
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    expect(await readFile(keyFile(), 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  });

  test('is kept by a second start, which has the same keys', async () => {
    await write([one]);
    const [first, second] = [await follow(), await follow()];
    expect(second.tables).toEqual(first.tables);
  });

  test('is not created again later: new keys would end every session', async () => {
    await write([one]);
    const { poll, log, tables } = await follow();
    await rm(keyFile());
    await poll();
    await poll(200);
    expect(tables).toHaveLength(1);
    expect(log.lines().at(-1)?.fields).toMatchObject({
      error: expect.stringContaining(`${file}:1:1: keyFile: session.keys cannot be read: ENOENT`),
    });
  });

  test('in a folder that does not exist is no start', async () => {
    await write([one], { keyFile: 'none/keys' });
    await expect(follow()).rejects.toThrow(
      /keyFile: .*none\/keys does not exist and cannot be created: .*openssl rand -base64 32/,
    );
  });
});

describe('a start', () => {
  test('without the file is none', async () => {
    await expect(follow()).rejects.toThrow(`${file}: cannot be read: ENOENT`);
  });

  test('names every problem with its line and column', async () => {
    await writeFile(
      file,
      [
        'listeners:',
        '  - port: 80800',
        'routes:',
        '  - backends: [{ name: shop }]',
        'backends:',
        '  shop:',
        '    endpoints:',
        '      - { adress: 10.0.0.11:8080 }',
      ].join('\n'),
    );
    await expect(follow()).rejects.toThrow(
      new RegExp(
        [
          `^${file}:2:11: listeners\\[0\\]\\.port: 80800 must be a whole number from 1 to 65535`,
          `${file}:8:9: backends\\.shop\\.endpoints\\[0\\]: address is missing .*: add it`,
          `${file}:8:11: backends\\.shop\\.endpoints\\[0\\]\\.adress: is not a field: remove it, .*$`,
        ].join('\n'),
      ),
    );
  });

  test.each([
    ['listeners:\n  - port: 80\n   name: a\n', /table\.yaml:3:1: /],
    ['{ "listeners": [,] }', /table\.yaml:1:17: /],
    ['{\n\t"listeners": 1,\n\t"routes": [],\n\t"backends": {}\n}', /table\.yaml:2:15: listeners: 1 must be a list/],
    ['a: 1\na: 2\n', /table\.yaml:2:1: Map keys must be unique/],
    [
      'a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n',
      /table\.yaml:1:1: Excessive alias count/,
    ],
  ])('says where a text is no YAML: %j', async (text, place) => {
    await writeFile(file, text);
    await expect(follow()).rejects.toThrow(place);
  });
});

describe('certificates of a listener', () => {
  const listeners = [{ port: 8443, protocol: 'HTTPS', certificates: [{ certificate: 'a.crt', key: 'a.key' }] }];
  const install = async () => {
    const { chain, key } = await createCertificate();
    await writeFile(path.join(folder, 'a.crt'), chain);
    await writeFile(path.join(folder, 'a.key'), key);
    return chain;
  };

  test('are followed when they are renewed', async () => {
    const first = await install();
    await write([one], { listeners });
    const { poll, tables } = await follow();
    const second = await install();
    await poll();
    await poll(200);
    expect(tables.map(({ certificates }) => certificates?.['a.crt']?.chain)).toEqual([first, second]);
  });

  test('are refused with the reason', async () => {
    await write([one], { listeners });
    expect((await checkTableFile(file, 0)).lines.join()).toMatch(
      /:1:\d+: listeners\[0\]\.certificates\[0\]\.certificate: cannot be read: ENOENT/,
    );
    await install();
    await writeFile(path.join(folder, 'a.key'), (await createCertificate()).key);
    expect((await checkTableFile(file, 0)).lines.join()).toContain(
      'a.key is not the key of the first certificate in a.crt',
    );
  });
});

describe('--check', () => {
  test('says what would be served, and changes nothing', async () => {
    await write([one, { ...two, draining: true }]);
    expect(await checkTableFile(file, 0)).toEqual({
      isValid: true,
      lines: [
        `${file}: valid`,
        'listener http-8080: HTTP on port 8080, every host',
        'route routes[0].matches[0]: every host, PathPrefix / -> shop',
        'backend shop: LeastSessions, sessions in shop-session, idle timeout 30m',
        '  endpoint 10.0.0.11:8080: Accepting',
        '  endpoint 10.0.0.12:8080: Draining',
        'The key file does not exist yet: the proxy creates it at its first start.',
      ],
    });
    await expect(stat(path.join(folder, 'session.keys'))).rejects.toThrow('ENOENT');
  });
});
