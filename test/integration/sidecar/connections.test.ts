import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ConnectionSettings } from '../../../sidecar/config.ts';
import { createConnectionCounter } from '../../../sidecar/connections.ts';
import type { Connection } from '../../../sidecar/proc-net.ts';
import { formatPort, fromKernel, visitConnections } from '../../../sidecar/proc-net.ts';
import { parseAddress, parseCidr } from '../../../src/platform/cidr.ts';

let folder: string;
let nowMs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-proc-net-'));
});
afterAll(() => rm(folder, { recursive: true }));

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (local: string, remote: string, state = '01', number = 0): string =>
  `${String(number).padStart(4)}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 20 4 30 10 -1\n`;

/** In the format of a little-endian kernel: each word is reversed. */
const ipv4 = (address: string, port: number): string =>
  `${Buffer.from(address.split('.').map(Number)).swap32().toString('hex').toUpperCase()}:${formatPort(port)}`;
const ipv6 = (groups: string, port: number): string =>
  `${Buffer.from(groups.replaceAll(':', ''), 'hex').swap32().toString('hex').toUpperCase()}:${formatPort(port)}`;
const mapped = (address: string, port: number): string =>
  ipv6(`0000:0000:0000:0000:0000:ffff:${Buffer.from(address.split('.').map(Number)).toString('hex')}`, port);

const pod = '10.244.0.9';
const here = ipv4(pod, 8080);

type Lists = { tcp?: string[]; tcp6?: string[]; route?: string; ipv6_route?: string };
async function write({ tcp = [], tcp6 = [], route = '', ipv6_route = '' }: Lists): Promise<void> {
  await Promise.all([
    writeFile(join(folder, 'tcp'), head + tcp.join('')),
    writeFile(join(folder, 'tcp6'), head + tcp6.join('')),
    writeFile(join(folder, 'route'), route),
    writeFile(join(folder, 'ipv6_route'), ipv6_route),
  ]);
}

const settings: ConnectionSettings = { ports: [8080], excluded: [], hostIps: ['192.168.1.5', 'fd00::5'] };
const counterOf = (override: Partial<ConnectionSettings> = {}, quietPeriodMs = 5000) =>
  createConnectionCounter({ settings: { ...settings, ...override }, quietPeriodMs, folder, nowMs: () => nowMs });
const blocks = (...texts: string[]) => ({ excluded: texts.flatMap((text) => parseCidr(text) ?? []) });

beforeEach(() => {
  nowMs = 0;
});

describe('a connection that counts is one', () => {
  const client = ipv4('10.244.1.7', 40_000);
  const rows: [string, Lists, Partial<ConnectionSettings>, number][] = [
    ['that is established to a port of the app', { tcp: [line(here, client)] }, {}, 1],
    [
      'over IPv6',
      {
        tcp6: [
          line(
            ipv6('fd00:0010:0000:0000:0000:0000:0000:0009', 8080),
            ipv6('fd00:0010:0000:0000:0000:0000:0000:0007', 40_000),
          ),
        ],
      },
      {},
      1,
    ],
    ['to a dual-stack socket, as in Node', { tcp6: [line(mapped(pod, 8080), mapped('10.244.1.7', 40_000))] }, {}, 1],
    [
      'to each of several ports',
      { tcp: [line(here, client), line(ipv4(pod, 5222), client)] },
      { ports: [8080, 5222] },
      2,
    ],
    [
      'in a list of more than 9999 lines, where the number column is wider',
      { tcp: [line(here, client, '01', 123_456)] },
      {},
      1,
    ],
  ];
  test.each(rows)('%s', async (_, lists, override, count) => {
    await write(lists);
    expect(await counterOf(override)()).toBe(count);
  });
});

describe('a connection that does not count is one', () => {
  const client = ipv4('10.244.1.7', 40_000);
  const rows: [string, Lists, Partial<ConnectionSettings>][] = [
    ['without a peer: the listening socket', { tcp: [line(ipv4('0.0.0.0', 8080), ipv4('0.0.0.0', 0), '0A')] }, {}],
    ['that has ended: TIME_WAIT, CLOSE_WAIT', { tcp: [line(here, client, '06'), line(here, client, '08')] }, {}],
    ['to another port', { tcp: [line(ipv4(pod, 9090), client)] }, {}],
    ['from the app to a peer', { tcp: [line(ipv4(pod, 40_000), ipv4('10.244.1.7', 8080))] }, {}],
    [
      'over loopback',
      {
        tcp: [line(ipv4('127.0.0.1', 8080), ipv4('127.0.0.1', 40_000))],
        tcp6: [
          line(
            ipv6('0000:0000:0000:0000:0000:0000:0000:0001', 8080),
            ipv6('0000:0000:0000:0000:0000:0000:0000:0001', 40_000),
          ),
        ],
      },
      {},
    ],
    [
      'of the pod to its own address, as the request of the sidecar to the app',
      { tcp: [line(here, ipv4(pod, 40_000))] },
      {},
    ],
    ['from an excluded CIDR', { tcp: [line(here, ipv4('10.9.1.2', 40_000))] }, blocks('10.9.0.0/16')],
    [
      'from an excluded CIDR to a dual-stack socket',
      { tcp6: [line(mapped(pod, 8080), mapped('10.9.1.2', 40_000))] },
      blocks('10.9.0.0/16'),
    ],
    [
      'from an excluded IPv6 CIDR',
      {
        tcp6: [
          line(
            ipv6('fd00:0010:0000:0000:0000:0000:0000:0009', 8080),
            ipv6('fd99:0000:0000:0000:0000:0000:0000:0007', 40_000),
          ),
        ],
      },
      blocks('fd99::/16'),
    ],
    ['from the node, as a probe', { tcp: [line(here, ipv4('192.168.1.5', 40_000))] }, {}],
    [
      'from the node over IPv6',
      {
        tcp6: [
          line(
            ipv6('fd00:0010:0000:0000:0000:0000:0000:0009', 8080),
            ipv6('fd00:0000:0000:0000:0000:0000:0000:0005', 40_000),
          ),
        ],
      },
      {},
    ],
    [
      'from the bridge, whose address the kubelet has on many networks',
      {
        tcp: [line(here, ipv4('10.244.0.1', 40_000))],
        route: 'Iface\tDestination\tGateway \tFlags\neth0\t00000000\t0100F40A\t0003\neth0\t0000F40A\t00000000\t0001\n',
      },
      {},
    ],
    [
      'from the bridge over IPv6',
      {
        tcp6: [
          line(
            ipv6('fd00:0010:0000:0000:0000:0000:0000:0009', 8080),
            ipv6('fd00:0010:0000:0000:0000:0000:0000:0001', 40_000),
          ),
        ],
        ipv6_route: `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 fd001000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 fd000010000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n`,
      },
      {},
    ],
  ];
  test.each(rows)('%s', async (_, lists, override) => {
    await write(lists);
    expect(await counterOf(override)()).toBe(0);
  });
});

describe('a connection from the node', () => {
  const probe = (port: number) => line(here, ipv4('192.168.1.5', port));

  test('that lasts is a client behind a Service, and counts before the quiet period can end', async () => {
    const count = counterOf();
    await write({ tcp: [probe(40_000)] });
    expect(await count()).toBe(0);
    nowMs = 2499;
    expect(await count()).toBe(0);
    nowMs = 2500;
    expect(await count()).toBe(1);
  });

  test('is a probe if each one is short, however many there are', async () => {
    const count = counterOf();
    for (const port of [40_000, 40_001, 40_002, 40_003]) {
      await write({ tcp: [probe(port)] });
      expect(await count()).toBe(0);
      nowMs += 2000;
    }
  });

  test('is new if it reuses the port of an earlier one', async () => {
    const count = counterOf();
    await write({ tcp: [probe(40_000)] });
    await count();
    nowMs = 1000;
    await write({});
    await count();
    nowMs = 9000;
    await write({ tcp: [probe(40_000)] });
    expect(await count()).toBe(0);
  });

  test('counts at once without a quiet period', async () => {
    await write({ tcp: [probe(40_000)] });
    expect(await counterOf({}, 0)()).toBe(1);
  });
});

describe('the number of connections is unknown, not zero,', () => {
  const rows: [string, () => Promise<unknown>, Partial<ConnectionSettings>, RegExp][] = [
    ['when the list is unreadable', () => rm(join(folder, 'tcp')), {}, /ENOENT/],
    [
      'when the file is not a list of connections',
      () => writeFile(join(folder, 'tcp'), 'sorry\n'),
      {},
      /not a list of connections/,
    ],
    ['when the file is empty', () => writeFile(join(folder, 'tcp'), ''), {}, /is empty/],
    ['when a line is invalid', () => writeFile(join(folder, 'tcp'), `${head}who knows\n`), {}, /is invalid/],
    ['when the port of the app is unknown', () => Promise.resolve(), { ports: [] }, /set spec.drain.connections.ports/],
  ];
  test.each(rows)('%s', async (_, spoil, override, reason) => {
    await write({});
    await spoil();
    await expect(counterOf(override)()).rejects.toThrow(reason);
  });

  test('but known without IPv6', async () => {
    await write({ tcp: [line(here, ipv4('10.244.1.7', 40_000))] });
    await rm(join(folder, 'tcp6'));
    expect(await counterOf()()).toBe(1);
  });
});

test('50,000 connections from as many addresses are counted', async () => {
  const addressOf = (index: number) => `10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  await write({
    tcp: Array.from({ length: 50_000 }, (_, index) => line(here, ipv4(addressOf(index), 40_000), '01', index)),
  });
  expect(await counterOf()()).toBe(50_000);
});

// The list of this machine's kernel.
const describeLinux = process.platform === 'linux' ? describe : describe.skip;
describeLinux('a real connection', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  test.each(['127.0.0.1', '::1'])("over %s is in the kernel's list with its addresses", async (host) => {
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => {
      server.listen(0, host, resolve);
    });
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, host);
    sockets.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    const found: Connection[] = [];
    await visitConnections(`/proc/net/tcp${host.includes(':') ? '6' : ''}`, new Set([formatPort(port)]), (connection) =>
      found.push(connection),
    );
    expect(found).toHaveLength(1);
    expect(
      found.map(({ remote, remotePort }) => ({ address: fromKernel(remote), port: Number.parseInt(remotePort, 16) })),
    ).toEqual([{ address: parseAddress(host), port: socket.localPort }]);
    server.close();
  });
});
