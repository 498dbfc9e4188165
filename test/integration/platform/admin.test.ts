import net from 'node:net';
import { expect, test } from '@jest/globals';
import { createAdminApp, listenAdmin } from '../../../src/platform/admin.ts';
import { eventually } from '../../support/eventually.ts';

test('idle connections to the admin port do not keep a liveness probe away: the oldest of them close', async () => {
  const registry = { contentType: 'text/plain', metrics: () => Promise.resolve('') };
  const admin = await listenAdmin(createAdminApp({ registry, notReady: () => [] }), 0);
  let closed = 0;
  const idle = Array.from({ length: 100 }, () =>
    net
      .connect(admin.port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => (closed += 1))
      .resume(),
  );
  await eventually(
    () => closed,
    (count) => count >= 36,
  );
  const probe = await fetch(`http://127.0.0.1:${admin.port}/healthz`);
  expect(probe.status).toBe(200);
  expect(closed).toBeLessThan(40);
  idle.forEach((socket) => socket.destroy());
  await admin.close();
});
