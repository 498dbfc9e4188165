import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';
import { createAdminApp, listenAdmin } from '../../../src/platform/admin.ts';

const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

(ownAddress === undefined ? test.skip : test)(
  'debug pages are shown to callers in the pod itself only, and health and metrics to all',
  async () => {
    const registry = { contentType: 'text/plain', metrics: () => Promise.resolve('') };
    const app = createAdminApp({ registry, notReady: () => [] });
    app.get('/debug/table', (_request, response) => {
      response.json({ uid: 'secret-to-strangers' });
    });
    const admin = await listenAdmin(app, 0);
    const statuses = (host: string) =>
      Promise.all(
        ['/debug/table', '/DEBUG/table', '/debug//table', '/healthz', '/metrics'].map(
          async (path) =>
            (await fetch(`http://${host}:${admin.port}${path}`, { headers: { connection: 'close' } })).status,
        ),
      );
    expect(await statuses('127.0.0.1')).toEqual([200, 200, 404, 200, 200]);
    expect(await statuses(String(ownAddress))).toEqual([403, 403, 403, 200, 200]);
    await admin.close();
  },
);
