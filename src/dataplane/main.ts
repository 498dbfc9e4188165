/** `holdfast proxy [--table FILE]`: runs a proxy until SIGTERM. */
import { parseArgs } from 'node:util';
import { systemClock } from '../platform/clock.ts';
import { oneOf } from '../platform/config.ts';
import { describeError } from '../platform/errors.ts';
import { createLogger, logLevels } from '../platform/logger.ts';
import { watchProcessFaults } from '../platform/process-faults.ts';
import { abortOnSignal, untilAborted } from '../platform/shutdown.ts';
import { readProxyConfig } from './config.ts';
import { liveProxyPorts, startProxy } from './proxy.ts';

/**
 * After a fault, streams have this long to end. It is short: the proxy accepts nothing meanwhile, and nothing replaces it before it has
 * exited. Delay 5 s, handover 5 s, discovery 2 s, access log 1 s and admin 1 s at most come on top.
 */
const faultGraceMs = 30_000;
const exitWithinMs = faultGraceMs + 20_000;

const stopped = abortOnSignal(process);
const log = createLogger('proxy', oneOf(process.env, 'HOLDFAST_LOG_LEVEL', logLevels));
const faults = watchProcessFaults(process, {
  clock: systemClock,
  log,
  exitWithinMs,
  exit: (code) => process.exit(code),
});
try {
  const { values } = parseArgs({ options: { table: { type: 'string' } }, allowPositionals: true });
  const proxy = await startProxy(
    readProxyConfig(process.env, values.table),
    liveProxyPorts({ clock: systemClock, log, faults: faults.counts }),
  );
  log.info({ adminPort: proxy.adminPort }, 'proxy started');
  await untilAborted(AbortSignal.any([stopped, faults.first]));
  await proxy.stop(faults.first.aborted ? { graceMs: faultGraceMs } : {});
  process.exit(faults.first.aborted ? 1 : 0);
} catch (error) {
  log.error({ error: describeError(error) }, 'proxy failed');
  process.exit(1);
}
