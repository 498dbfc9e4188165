/** A process of the product that has a fault whenever it gets SIGUSR2, as a bug outside of every fault boundary would cause it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type FaultKind = 'exception' | 'rejection' | 'loop';

const faults: Record<FaultKind, string> = {
  exception: `setImmediate(() => { throw new Error('injected'); })`,
  rejection: `Promise.reject(new Error('injected'))`,
  loop: `setInterval(() => { throw new Error('injected'); }, 1)`,
};

/** An option of Node that loads the fault ahead of the program. */
export const faultOption = (kind: FaultKind): string =>
  `--import=data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => { ${faults[kind]} });`)}`;

export type LogLine = { msg?: string } & Record<string, unknown>;

export type FaultyProcess = {
  child: ChildProcess;
  lines: LogLine[];
  exitCode: Promise<number | null>;
  /** Resolves with the first line that has this message. */
  logged(message: string): Promise<LogLine>;
  fail(): void;
};

/** Starts a program that logs JSON lines. */
export function startFaulty(kind: FaultKind, args: readonly string[], env: Record<string, string>): FaultyProcess {
  const child = spawn(process.execPath, [faultOption(kind), ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as LogLine);
    for (const check of waiting) check();
  });
  return {
    child,
    lines,
    exitCode: once(child, 'close').then(([code]) => code as number | null),
    logged: (message) =>
      new Promise((resolve) => {
        const check = () => {
          const found = lines.find(({ msg }) => msg === message);
          if (found !== undefined) resolve(found);
        };
        waiting.add(check);
        check();
      }),
    fail: () => child.kill('SIGUSR2'),
  };
}
