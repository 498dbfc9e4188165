/** Starts worker processes: the program as it is on the disk now, with this process's arguments and environment. */
import { fork } from 'node:child_process';
import { isFromWorker, workerProtocol, workerVariable, type FromWorker, type ToWorker } from './messages.ts';

export type WorkerEvents = {
  message: (message: FromWorker) => void;
  /** Called once, also if the process could not start. */
  exited: (how: { code: number | null; signal: string | null }) => void;
};

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** What a process that is gone does not receive is lost. */
  readonly send: (message: ToWorker, socket?: object) => void;
  kill(): void;
}

export type ForkWorker = (events: WorkerEvents) => WorkerProcess;

export const forkWorker: ForkWorker = ({ message, exited }) => {
  const [, program = '', ...args] = process.argv;
  const env = { ...process.env, [workerVariable]: workerProtocol };
  const child = fork(program, args, { env, serialization: 'advanced' });
  let isGone = false;
  const leave = (code: number | null, signal: string | null) => {
    if (isGone) return;
    isGone = true;
    exited({ code, signal });
  };
  child.on('message', (received: unknown) => {
    if (isFromWorker(received)) message(received);
  });
  child.on('exit', leave);
  child.on('error', () => {
    if (child.pid === undefined) leave(null, null);
  });
  return {
    pid: child.pid,
    send(sent, socket) {
      if (!child.connected) return;
      // Its type knows no bound socket without a server.
      const method: unknown = Reflect.get(child, 'send');
      if (typeof method === 'function') Reflect.apply(method, child, [sent, socket, {}, () => undefined]);
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
};
