/** The process of a worker. It ends when its primary says so, or is gone: signals are for the primary. */
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import type { ProcessFaults } from '../../platform/process-faults.ts';
import { untilAborted } from '../../platform/shutdown.ts';
import { isToWorker, workerProtocol, workerVariable, type FromWorker } from './messages.ts';
import { startWorker, type Worker } from './worker.ts';

type WorkerHost = Pick<NodeJS.Process, 'on' | 'once' | 'send' | 'exit' | 'env'>;

export type WorkerMainPorts = { clock: Clock; log: Logger; faults: ProcessFaults };

/** What is open has this time after a fault, and without a primary, which sends no more tables then. */
const faultGraceMs = 30_000;

/** Never resolves: the process exits. */
export async function runWorker(host: WorkerHost, { clock, log, faults }: WorkerMainPorts): Promise<never> {
  if (host.env[workerVariable] !== workerProtocol) {
    log.error(
      { protocol: host.env[workerVariable] },
      'worker is of another version than its primary: restart the proxy',
    );
    return host.exit(1);
  }
  // A terminal and a service manager signal all processes of a group: the primary decides when its workers end.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) host.on(signal, () => undefined);
  const send = (message: FromWorker, sent?: () => void) =>
    host.send?.(message, undefined, {}, sent ?? (() => undefined));
  const exit = () => send({ type: 'done' }, () => host.exit(faults.first.aborted ? 1 : 0));
  let worker: Worker | undefined;
  host.on('message', (message: unknown, socket: unknown) => {
    if (!isToWorker(message)) return;
    if (message.type === 'setup') worker = startWorker(message, { clock, log, faults, send, exit });
    else worker?.receive(message, socket);
  });
  host.on('disconnect', () => {
    log.error({}, 'the primary process is gone: the worker ends');
    void endAfterFault(worker).then(() => host.exit(1));
  });
  await untilAborted(faults.first);
  send({ type: 'faulty' });
  await endAfterFault(worker);
  exit();
  return new Promise<never>(() => undefined);
}

/** One that was ending already has had its time. */
const endAfterFault = async (worker: Worker | undefined): Promise<void> => {
  if (worker?.isStopping() === false) await worker.stop({ graceMs: faultGraceMs, keepIdle: false });
};
