/** What the request path needs of its sockets, on both makers. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import tls, { type SecureContext } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openPort } from '../../../../src/dataplane/net/acceptors.ts';
import type { Accepted as Raw } from '../../../../src/dataplane/net/accepted.ts';
import { createSocketMaker, type SocketKind } from '../../../../src/dataplane/net/sockets.ts';
import { serverContext } from '../../../../src/dataplane/tls/secure-context.ts';
import { shakeHands } from '../../../../src/dataplane/tls/shake-hands.ts';
import { createAuthority, type Issued } from '../../../support/authority.ts';
import { eventually } from '../../../support/eventually.ts';
import { noUser, type SocketUser, type TcpSocket } from '../../../../src/dataplane/net/tcp-socket.ts';

const kinds: SocketKind[] = ['Handles', 'Streams'];

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(onConnection: (socket: Socket) => void, options: net.ServerOpts = {}): Promise<Server> {
  const server = net.createServer({ allowHalfOpen: true, ...options }, onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

let certificate: Issued;
let context: SecureContext;
beforeAll(async () => {
  certificate = await (await createAuthority()).issue({ hostnames: ['shop.example'] });
  context = serverContext([certificate]);
});

type Combination = { kind: SocketKind; below: 'TCP' | 'TLS' };
const combinations = kinds.flatMap((kind): Combination[] => [
  { kind, below: 'TCP' },
  { kind, below: 'TLS' },
]);

type Accepted = { socket: TcpSocket; log: Log };

/** An accepted socket of the maker, and its peer. `transport`: the peer's connection, below TLS. */
async function accept({ kind, below }: Combination): Promise<Accepted & { peer: Socket; transport: Socket }> {
  const maker = createSocketMaker(kind);
  const made = Promise.withResolvers<Accepted>();
  const took = (socket: TcpSocket) => made.resolve({ socket, log: record(socket) });
  const opened = (raw: Raw) => (below === 'TCP' ? took(maker.accept(raw)) : secure(maker.acceptBelowTls(raw), took));
  const failed = () => made.reject(new Error('not accepted'));
  const listener = await openPort({ port: 0, host: '127.0.0.1', kind }, { accept: opened, failed });
  cleanups.push(() => listener.close());
  const transport = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
  const peer =
    below === 'TCP'
      ? transport
      : tls.connect({ socket: transport, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  for (const each of [transport, peer]) each.on('error', () => undefined);
  cleanups.push(() => peer.destroy());
  await once(peer, below === 'TCP' ? 'connect' : 'secureConnect');
  const { socket, log } = await made.promise;
  cleanups.push(() => socket.destroy());
  return { socket, peer, transport, log };
}

function secure(transport: TcpSocket, took: (socket: TcpSocket) => void): void {
  transport.user = {
    ...noUser,
    socketBytes(bytes, length) {
      const hello = Buffer.from(bytes.subarray(0, length));
      transport.pause();
      const settings = { secureContext: context, clients: undefined };
      const events = { failed: () => undefined, closed: () => undefined, fault: () => undefined, secured: took };
      shakeHands({ transport, hello }, settings, events);
    },
  };
}

describe.each(combinations)('a socket of $below on $kind', (combination) => {
  const accepted = () => accept(combination);

  test('reads, and writes strings and bytes in order', async () => {
    const { socket, peer, log } = await accepted();
    peer.write('hello');
    await log.until('bytes');
    expect(log.text()).toBe('hello');
    socket.write('one ');
    socket.write(Buffer.from('two '));
    socket.write('thr\u00e9e');
    socket.end();
    expect(await textOf(peer)).toBe('one two thr\u00e9e');
  });

  test('knows its addresses', async () => {
    const { socket, transport } = await accepted();
    expect(socket).toMatchObject({
      remoteAddress: '127.0.0.1',
      localAddress: '127.0.0.1',
      localPort: transport.remotePort,
    });
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux('has the kernel ask a silent peer after a minute whether it lives', async () => {
    const { socket, transport } = await accepted();
    const { timer, seconds } = timerOf(socket.localPort, transport.localPort ?? 0);
    expect(timer).toBe(keepAliveTimer);
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  test('waits for a peer that does not read, and no byte is lost or changed', async () => {
    const { socket, peer, log } = await accepted();
    const sent = createHash('sha256');
    let left = 4000;
    const write = () => {
      let more = true;
      while (more && left > 0) {
        left -= 1;
        const piece = left % 3 === 0 ? Buffer.alloc(20_000, left) : String(left).repeat(1000);
        sent.update(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
        more = socket.write(piece);
      }
      if (left === 0) socket.end();
    };
    log.user.socketDrained = write;
    write();
    expect(left).toBeGreaterThan(0);
    expect(socket.needsDrain).toBe(true);
    const received = createHash('sha256');
    for await (const chunk of peer as AsyncIterable<Buffer>) received.update(chunk);
    expect([left, received.digest('hex')]).toEqual([0, sent.digest('hex')]);
  });

  test.each([10, 5000, 60_000, 200_000])('joins text and %d bytes that change at once', async (size) => {
    const { socket, peer } = await accepted();
    const received = textOf(peer);
    const sent: string[] = [];
    for (let round = 0; round < 40; round += 1) {
      const bytes = Buffer.alloc(size, 97 + (round % 26));
      sent.push(`head ${round} ${bytes.toString('latin1', 1)} end`);
      socket.writeJoined(`head ${round} `, bytes, { from: 1, to: size }, ' end');
      bytes.fill(0);
    }
    socket.end();
    expect(sha256(await received)).toBe(sha256(sent.join('')));
  });

  test('writes the bytes of another socket, which may be read again once it says so', async () => {
    const { socket, peer, log } = await accepted();
    const received = textOf(peer);
    const bytes = Buffer.alloc(256 * 1024);
    const sent = createHash('sha256');
    for (let round = 0; round < 64; round += 1) {
      bytes.fill(round);
      sent.update(bytes);
      if (!socket.writeBorrowed(bytes)) {
        const seen = log.events.length;
        await log.until('drained', log.events.slice(0, seen).filter((event) => event === 'drained').length + 1);
      }
    }
    socket.end();
    expect(sha256(await received)).toBe(sent.digest('hex'));
  });

  test('reads large pieces into a buffer of its own', async () => {
    const { socket, peer, log } = await accepted();
    socket.expect('Large');
    const size = 3 * 1024 * 1024;
    const sent = 'abc'.repeat(size / 3);
    peer.write(sent);
    await eventually(() => log.text().length === size, Boolean);
    socket.expect('Heads');
    peer.write('!');
    await eventually(() => log.text().length === size + 1, Boolean);
    expect(sha256(log.text())).toBe(sha256(`${sent}!`));
  });

  test('reads nothing while it is paused', async () => {
    const { socket, peer, log } = await accepted();
    socket.pause();
    peer.write('later');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(log.text()).toBe('');
    socket.resume();
    await log.until('bytes');
    expect(log.text()).toBe('later');
  });

  test('reads nothing after it was paused, whatever has arrived already', async () => {
    const { socket, peer, log } = await accepted();
    const pieces = Array.from({ length: 40 }, (_, number) => `piece ${number} `);
    const sent = pieces.join('');
    const { socketBytes } = log.user;
    log.user.socketBytes = (bytes, length) => {
      socketBytes(bytes, length);
      socket.pause();
    };
    socket.pause();
    // With TLS each has a record of its own, and the first read has all of them.
    for (const piece of pieces) await new Promise((resolve) => peer.write(piece, resolve));
    peer.end();
    socket.resume();
    const { events } = log;
    while (log.text().length < sent.length) {
      const seen = bytesOf(events);
      await eventually(() => bytesOf(events) > seen, Boolean);
      await new Promise((resolve) => setImmediate(resolve));
      expect(bytesOf(events)).toBe(seen + 1);
      socket.resume();
    }
    await log.until('ended');
    expect(log.text()).toBe(sent);
  });

  test('closes although its peer reads nothing', async () => {
    const { socket, transport, log } = await accepted();
    transport.pause();
    while (socket.write(Buffer.alloc(1024 * 1024)) || socket.queuedBytes < 16 * 1024 * 1024) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.destroy();
    await log.until('closed');
    expect(log.events.at(-1)).toBe('closed closed');
  });

  test('ends each direction by itself, and closes when both have ended', async () => {
    const { socket, peer, log } = await accepted();
    peer.end('bye');
    await log.until('ended');
    socket.write('still here');
    socket.end();
    expect(await textOf(peer)).toBe('still here');
    await log.until('closed');
    expect(log.events).toEqual(['bytes', 'ended', 'finished', 'closed closed']);
    expect(socket).toMatchObject({ isDestroyed: true, isFinished: true });
  });

  test('resets, and reports a reset', async () => {
    const one = await accepted();
    const broken = new Promise((resolve) => one.peer.once('error', resolve));
    one.socket.reset();
    expect(await broken).toMatchObject({ code: 'ECONNRESET' });
    await one.log.until('closed');
    const other = await accepted();
    // After the tickets of TLS, which would be the first to meet the reset.
    other.peer.write('x');
    await other.log.until('bytes');
    reset(other.transport);
    await other.log.until('closed');
    expect(other.log.events.at(-1)).toBe('closed ECONNRESET');
  });

  test('gives what a callback threw to its user, and continues', async () => {
    const { peer, log } = await accepted();
    log.user.socketBytes = () => {
      throw new Error('boom');
    };
    peer.write('x');
    await log.until('fault boom');
    peer.write('y');
    await log.until('fault boom', 2);
    expect(log.events).toEqual(['fault boom', 'fault boom']);
  });

  test('passes its events to the next user', async () => {
    const { socket, peer, log } = await accepted();
    const next = record(socket);
    peer.write('for the next');
    await next.until('bytes');
    expect([log.text(), next.text()]).toEqual(['', 'for the next']);
  });
});

/** `tls.TLSSocket` loses it while it still sends the tickets of the handshake. */
const exact = combinations.filter(({ kind, below }) => kind === 'Handles' || below === 'TCP');

describe.each(exact)('a socket of $below on $kind that is destroyed', (combination) => {
  test('sends everything that was written in the same turn', async () => {
    const { socket, peer, log } = await accept(combination);
    socket.write(Buffer.from('one '));
    socket.write('two ');
    socket.write(Buffer.from('three'));
    socket.destroy();
    expect(await textOf(peer)).toBe('one two three');
    await log.until('closed');
  });

  test('sends what was written before', async () => {
    const { socket, peer, log } = await accept(combination);
    socket.write('last words');
    socket.destroy();
    expect(await textOf(peer)).toBe('last words');
    await log.until('closed');
  });
});

describe.each(exact)('a socket of $below on $kind whose peer resets at once', (combination) => {
  test('closes with its next write at the latest', async () => {
    const { socket, transport, log } = await accept(combination);
    reset(transport);
    await eventually(() => log.events.length, Boolean);
    socket.write('unread');
    await log.until('closed E');
    expect(log.events.at(-1)).toMatch(/^closed (ECONNRESET|EPIPE)$/);
  });
});

describe.each(kinds)('a socket on %s', (kind) => {
  const maker = createSocketMaker(kind);

  test('is of the kind that was asked for', () => {
    expect(maker.kind).toBe(kind);
  });

  test('leaves nothing at its handle when it changes the size of pieces while it reads', async () => {
    let changes = 0;
    const made = Promise.withResolvers<Log>();
    const server = await listen(
      (raw) => {
        const handle = Reflect.get(raw, '_handle') as { useUserBuffer(bytes: Buffer): void };
        const change = handle.useUserBuffer.bind(handle);
        Object.assign(handle, { useUserBuffer: (bytes: Buffer) => [(changes += 1), change(bytes)] });
        const socket = maker.accept(raw);
        const log = record(socket);
        const { socketBytes } = log.user;
        log.user.socketBytes = (bytes, length) => {
          socketBytes(bytes, length);
          socket.expect(log.events.length % 2 === 0 ? 'Heads' : 'Stream');
        };
        made.resolve(log);
      },
      { pauseOnConnect: true },
    );
    const peer = net.connect({ port: portOf(server), host: '127.0.0.1' });
    cleanups.push(() => peer.destroy());
    const log = await made.promise;
    for (let round = 1; round <= 20; round += 1) {
      peer.write('piece');
      await log.until('bytes', round);
    }
    expect(log.text()).toBe('piece'.repeat(20));
    expect(changes).toBeLessThanOrEqual(1);
  });

  test.each(['127.0.0.1', 'localhost'])('connects to %s, and may be written to before', async (host) => {
    const received = Promise.withResolvers<string>();
    const server = await listen((peer) => {
      peer.once('data', (data) => received.resolve(String(data)));
      peer.end('welcome');
    });
    const socket = maker.connect({ host, port: portOf(server) });
    cleanups.push(() => socket.destroy());
    const log = record(socket);
    socket.write('early');
    expect(await received.promise).toBe('early');
    await log.until('ended');
    expect(log.events.slice(0, 2)).toEqual(['connected', 'bytes']);
    expect(log.text()).toBe('welcome');
  });

  test.each(['127.0.0.1', 'localhost'])('connects to %s by TLS, and may be written to before', async (host) => {
    let received = '';
    const server = await tlsServer((peer) =>
      peer.on('data', (data) => {
        received += String(data);
        if (received.endsWith('bird')) peer.end(`welcome ${received}`);
      }),
    );
    const socket = connectTls(portOf(server), host);
    const log = record(socket);
    socket.write('early ');
    socket.write(Buffer.from('bird'));
    await log.until('ended');
    expect(log.events.slice(0, 2)).toEqual(['connected', 'bytes']);
    expect(log.text()).toBe('welcome early bird');
    socket.end();
    await log.until('closed');
    expect(log.events.at(-1)).toBe('closed closed');
  });

  test('is not connected by TLS before the certificate is accepted', async () => {
    const received: string[] = [];
    const server = await tlsServer((peer) => peer.on('data', (data) => received.push(String(data))));
    const socket = connectTls(portOf(server), '127.0.0.1', { rejectUnauthorized: true });
    const log = record(socket);
    socket.write('secret');
    await log.until('closed');
    expect(log.events).toEqual(['closed refused UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
    expect(received).toEqual([]);
  });

  test('can be destroyed during the handshake of TLS', async () => {
    const server = await listen(() => undefined);
    const socket = connectTls(portOf(server), '127.0.0.1');
    const log = record(socket);
    await once(server, 'connection');
    socket.destroy();
    await log.until('closed');
    expect(log.events).toEqual(['closed closed']);
  });

  async function tlsServer(onConnection: (peer: tls.TLSSocket) => void): Promise<Server> {
    const server = tls.createServer({ cert: certificate.chain, key: certificate.key }, (peer) => {
      peer.on('error', () => undefined);
      onConnection(peer);
    });
    cleanups.push(() => server.close());
    server.listen(0);
    await once(server, 'listening');
    return server;
  }

  function connectTls(port: number, host: string, options: tls.ConnectionOptions = { rejectUnauthorized: false }) {
    const settings = { host, port, allowHalfOpen: true, ...options };
    const socket = maker.connectTls(
      host,
      (onread) => tls.connect({ ...settings, ...(onread && { onread }) }),
      ({ code = '' }) => `refused ${code}`,
    );
    cleanups.push(() => socket.destroy());
    return socket;
  }

  test('reports a refused connection', async () => {
    const server = await listen(() => undefined);
    const port = portOf(server);
    server.close();
    await once(server, 'close');
    const log = record(maker.connect({ host: '127.0.0.1', port }));
    await log.until('closed');
    expect(log.events).toEqual(['closed ECONNREFUSED']);
  });

  test('can be destroyed while it connects', async () => {
    const socket = maker.connect({ host: '127.0.0.1', port: 9 });
    const log = record(socket);
    socket.destroy();
    await log.until('closed');
    expect(log.events).toEqual(['closed closed']);
  });
});

type Log = {
  user: SocketUser;
  events: string[];
  text(): string;
  /** Resolves when an event that begins so was seen this often. */
  until(event: string, times?: number): Promise<void>;
};

function record(socket: TcpSocket): Log {
  const events: string[] = [];
  let text = '';
  const user: SocketUser = {
    ...noUser,
    socketConnected: () => events.push('connected'),
    socketBytes(bytes, length) {
      text += bytes.toString('latin1', 0, length);
      events.push('bytes');
    },
    socketDrained: () => events.push('drained'),
    socketEnded: () => events.push('ended'),
    socketFinished: () => events.push('finished'),
    socketClosed: (reason) => events.push(`closed ${reason}`),
    fault: (error) => events.push(`fault ${error instanceof Error ? error.message : ''}`),
  };
  socket.user = user;
  return {
    user,
    events,
    text: () => text,
    async until(event, times = 1) {
      while (events.filter((one) => one.startsWith(event)).length < times) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  };
}

/** Also below TLS, where `resetAndDestroy` sends FIN. */
function reset(transport: Socket): void {
  const handle = Reflect.get(transport, '_handle') as { reset(callback: () => void): void };
  handle.reset(() => transport.destroy());
}

const bytesOf = (events: readonly string[]): number => events.filter((event) => event === 'bytes').length;

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

const keepAliveTimer = 2;

/** That of the kernel for a connection of this process, by its ports. */
function timerOf(localPort: number, remotePort: number): { timer: number; seconds: number } {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const line = lines.find((text) => text.includes(`:${hex(localPort)} 0100007F:${hex(remotePort)} `)) ?? '';
  const [timer = '', ticks = ''] = (line.trim().split(/\s+/)[5] ?? '').split(':');
  return { timer: Number.parseInt(timer, 16), seconds: Number.parseInt(ticks, 16) / 100 };
}
