/** A real proxy in a process of its own that follows the operator. Arguments: port, CA and token file. Sends its port once it serves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy } from '../../src/dataplane/proxy.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';

const [port, ca = '', tokenFile = '', serverName = ''] = process.argv.slice(2);
const operator = {
  gateway: { namespace: 'shop', name: 'web' },
  host: 'operator',
  port: Number(port),
  serverName,
  ca,
  tokenFile,
  tableFile: undefined,
};
const proxy = await startProxy(
  { source: { kind: 'operator', operator }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs: 0 },
  {
    clock: systemClock,
    log: createLogger('proxy', 'error'),
    resolve: () => Promise.resolve(['127.0.0.1']),
    bindPort: () => 0,
  },
);
process.on('disconnect', () => process.exit(0));
while (proxy.listeners.boundPort(80) === undefined) await sleep(10);
process.send?.(proxy.listeners.boundPort(80));
