/** `holdfast proxy [--table FILE]`: runs a proxy until SIGTERM. */
import { parseArgs } from 'node:util';
import { systemClock } from '../platform/clock.ts';
import { oneOf } from '../platform/config.ts';
import { describeError } from '../platform/errors.ts';
import { createLogger, logLevels } from '../platform/logger.ts';
import { abortOnSignal, untilAborted } from '../platform/shutdown.ts';
import { readProxyConfig } from './config.ts';
import { liveProxyPorts, startProxy } from './proxy.ts';

const stopped = abortOnSignal(process);
const log = createLogger('proxy', oneOf(process.env, 'HOLDFAST_LOG_LEVEL', logLevels));
try {
  const { values } = parseArgs({ options: { table: { type: 'string' } }, allowPositionals: true });
  const proxy = await startProxy(
    readProxyConfig(process.env, values.table),
    liveProxyPorts({ clock: systemClock, log }),
  );
  log.info({ adminPort: proxy.adminPort }, 'proxy started');
  await untilAborted(stopped);
  await proxy.stop();
  process.exit(0);
} catch (error) {
  log.error({ error: describeError(error) }, 'proxy failed');
  process.exit(1);
}
