/** `holdfast proxy [--table FILE [--check]] [--workers N]`: runs a proxy until SIGTERM, or checks a table file. */
import { parseArgs } from 'node:util';
import { systemClock } from '../platform/clock.ts';
import { oneOf } from '../platform/config.ts';
import { AppError, describeError } from '../platform/errors.ts';
import { createLogger, logLevels } from '../platform/logger.ts';
import { watchProcessFaults } from '../platform/process-faults.ts';
import { abortOnSignal, untilAborted } from '../platform/shutdown.ts';
import { readProxyConfig, type ProxyConfig } from './config.ts';
import { liveProxyPorts, startProxy, type Proxy } from './proxy.ts';
import { workerVariable } from './workers/messages.ts';

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
    options: {
      table: { type: 'string' },
      check: { type: 'boolean', default: false },
      workers: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.check) await check(values.table);
  if (process.env[workerVariable] !== undefined) {
    const { runWorker } = await import('./workers/run-worker.ts');
    await runWorker(process, { clock: systemClock, log, faults });
  }
  const config = readProxyConfig(process.env, values);
  const proxy = await start(config);
  log.info({ adminPort: proxy.adminPort, workers: config.workers ?? 0 }, 'proxy started');
  await untilAborted(AbortSignal.any([stopped, faults.first]));
  await proxy.stop(faults.first.aborted ? { graceMs: faultGraceMs } : {});
  process.exit(faults.first.aborted ? 1 : 0);
} catch (error) {
  // For the person who has just written the file: one line for each problem.
  if (error instanceof AppError && error.code === 'TABLE_INVALID') process.stderr.write(`${error.message}\n`);
  log.error({ error: describeError(error) }, 'proxy failed');
  process.exit(1);
}

/** A proxy without workers does not load what they need. */
async function start(config: ProxyConfig): Promise<Pick<Proxy, 'adminPort' | 'stop'>> {
  const ports = liveProxyPorts({ clock: systemClock, log, faults: faults.counts }, config);
  if (config.workers === undefined) return startProxy(config, ports);
  const [{ startPrimary }, { forkWorker }] = await Promise.all([
    import('./workers/primary.ts'),
    import('./workers/worker-process.ts'),
  ]);
  const primary = await startPrimary(config, config.workers, { ...ports, fork: forkWorker });
  process.on('SIGHUP', () => void primary.replaceWorkers());
  return primary;
}

async function check(file: string | undefined): Promise<never> {
  if (file === undefined) throw new Error('--check needs a table: --table FILE');
  const { checkTableFile } = await import('./table-file/check-table.ts');
  const { isValid, lines } = await checkTableFile(file, Date.now());
  (isValid ? process.stdout : process.stderr).write(`${lines.join('\n')}\n`);
  return process.exit(isValid ? 0 : 1);
}
