import { once } from 'node:events';
import net from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { Accepted } from '../../../../src/dataplane/net/accepted.ts';
import { openPort } from '../../../../src/dataplane/net/acceptors.ts';
import { freePort } from '../../../support/free-port.ts';
import { createRig } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a crowd of clients is let in by several in each turn of the event loop', async () => {
  const { server, port } = await rig.proxy(1);
  const crowd = Array.from({ length: 200 }, () => net.connect({ port, host: '127.0.0.1' }));
  let most = 0;
  for (let before = 0; before < crowd.length;) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = server.counters.connectionsAccepted;
    most = Math.max(most, now - before);
    before = now;
  }
  expect(most).toBeGreaterThan(1);
  crowd.forEach((socket) => socket.destroy());
});

test('openPort rejects a port that is in use, and leaves nothing open', async () => {
  const port = await freePort();
  const other = net.createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const taker = { accept: (accepted: Accepted) => accepted.destroy(), failed: () => undefined };
  await expect(openPort({ port, host: '127.0.0.1' }, taker)).rejects.toThrow('EADDRINUSE');
  other.close();
  await once(other, 'close');
  const listener = await openPort({ port, host: '127.0.0.1' }, taker);
  expect(listener.port).toBe(port);
  listener.close();
});
