/** `holdfast proxy [--table FILE [--check]]`: runs a proxy until SIGTERM, or checks a table file. */
import { parseArgs } from 'node:util';
import { systemClock } from '../platform/clock.ts';
import { oneOf } from '../platform/config.ts';
import { AppError, describeError } from '../platform/errors.ts';
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
  const { values } = parseArgs({
    options: { table: { type: 'string' }, check: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (values.check) await check(values.table);
  const config = readProxyConfig(process.env, values.table);
  const proxy = await startProxy(config, liveProxyPorts({ clock: systemClock, log, faults: faults.counts }, config));
  log.info({ adminPort: proxy.adminPort }, 'proxy started');
  await untilAborted(AbortSignal.any([stopped, faults.first]));
  await proxy.stop(faults.first.aborted ? { graceMs: faultGraceMs } : {});
  process.exit(faults.first.aborted ? 1 : 0);
} catch (error) {
  // For the person who has just written the file: one line for each problem.
  if (error instanceof AppError && error.code === 'TABLE_INVALID') process.stderr.write(`${error.message}\n`);
  log.error({ error: describeError(error) }, 'proxy failed');
  process.exit(1);
}

async function check(file: string | undefined): Promise<never> {
  if (file === undefined) throw new Error('--check needs a table: --table FILE');
  const { checkTableFile } = await import('./table-file/check-table.ts');
  const { isValid, lines } = await checkTableFile(file, Date.now());
  (isValid ? process.stdout : process.stderr).write(`${lines.join('\n')}\n`);
  return process.exit(isValid ? 0 : 1);
}
