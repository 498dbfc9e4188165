/** Child processes, each in its own process group. The reaper kills them if this process dies. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import type { Environment } from './environment.ts';
import { gateVariable } from './pod-settings.ts';

export type ProcessSpec = { command: readonly string[]; cwd: string; env: Environment; logFile: string };

/** As a container runtime reports it: 128 + signal for a killed process. */
export type Exit = { exitCode: number; signal?: number };

export interface RunningProcess {
  exited: Promise<Exit>;
  /** Signals only the process, as the first one of a container. SIGKILL kills its whole group. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface ProcessStarter {
  /** Rejects if the program cannot be started. */
  start(spec: ProcessSpec): Promise<RunningProcess>;
  /** Kills all processes; none can be started after it. */
  stop(): Promise<void>;
}

/** After standard input, output and error. */
const gateFd = 3;

export function createProcesses(): ProcessStarter {
  const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.ts')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // If it was killed, its pipe breaks: the kubelet still kills its processes.
  reaper.stdin.on('error', () => undefined);
  const running = new Map<number, RunningProcess>();
  let isStopped = false;

  /** Subscribes synchronously: a process may terminate before anything is awaited. */
  async function register(child: ChildProcess): Promise<RunningProcess> {
    const { pid } = child;
    if (pid === undefined) {
      await once(child, 'spawn');
      throw new Error('the process has no id');
    }
    reaper.stdin.write(`+${pid}\n`, () => {
      openGate(child);
    });
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => {
        // When the first process of a container terminates, the others are killed.
        killGroup(pid);
        reaper.stdin.write(`-${pid}\n`);
        running.delete(pid);
        resolve(exitOf(code, signal));
      });
    });
    const started: RunningProcess = {
      exited,
      signal: (signal) => (signal === 'SIGKILL' ? killGroup(pid) : void child.kill(signal)),
    };
    running.set(pid, started);
    return started;
  }

  return {
    async start({ command, cwd, env, logFile }) {
      const [program, ...args] = command;
      if (program === undefined) throw new Error('no command specified');
      await mkdir(dirname(logFile), { recursive: true });
      const log = await open(logFile, 'a');
      try {
        if (isStopped) throw new Error('the kubelet has stopped');
        const child = spawn(program, args, {
          cwd,
          env: { ...env, [gateVariable]: String(gateFd) },
          detached: true,
          stdio: ['ignore', log.fd, log.fd, 'pipe'],
        });
        return await register(child);
      } finally {
        await log.close();
      }
    },
    async stop() {
      isStopped = true;
      const left = [...running.values()];
      for (const started of left) started.signal('SIGKILL');
      await Promise.all(left.map(({ exited }) => exited));
      reaper.stdin.end();
      if (reaper.exitCode === null && reaper.signalCode === null) await once(reaper, 'exit');
    },
  };
}

/** Lets the program start that waits at the gate (`preload.ts`). Another program ignores it, and may have terminated. */
function openGate({ stdio }: ChildProcess): void {
  const gate = stdio[gateFd];
  if (!(gate instanceof Writable)) return;
  gate.on('error', () => undefined);
  gate.end('\n');
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has terminated.
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal === null) return { exitCode: code ?? 0 };
  const number = constants.signals[signal];
  return { exitCode: 128 + number, signal: number };
}
