/** A real proxy in a process of its own, whose files are limited. Argument: the file of its table. Sends its ports to the parent. */
import { setTimeout as delay } from 'node:timers/promises';
import { startProxy } from '../../../../src/dataplane/proxy.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';

const log = createMemoryLogger();
const proxy = await startProxy(
  {
    source: { kind: 'file', file: process.argv[2] ?? '' },
    adminPort: 0,
    shutdownDelayMs: 0,
    shutdownGraceMs: 0,
  },
  { clock: systemClock, log, resolve: () => Promise.resolve([]), bindPort: () => 0 },
);
while (proxy.listeners.boundPort(80) === undefined) await delay(10);
process.on('disconnect', () => process.exit(0));
process.send?.({ port: proxy.listeners.boundPort(80), adminPort: proxy.adminPort, messages: log.messages() });
