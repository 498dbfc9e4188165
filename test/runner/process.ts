/** Running programs one after another, so that an interrupt ends the one that runs and still lets us tidy up. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

const interruption = new AbortController();
export const interrupted = interruption.signal;

/** From now on SIGINT and SIGTERM end the program that runs, and no other is started except to tidy up. */
export function watchForInterrupt(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
}

export type Command = {
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  /** Its stdout is for a shell, not for people; errors are on stderr. */
  quiet?: true;
};

/** Runs a program to its end and answers its exit code. Its output is ours. */
export function runProgram(program: Command): Promise<number> {
  return start(program, { signal: interrupted });
}

/** Runs a program that tidies up: in a process group of its own, so that Ctrl-C does not end it too. */
export function runTidyUp(program: Command): Promise<number> {
  return start(program, { detached: true });
}

function start(
  { command, args, env, quiet }: Command,
  options: { signal?: AbortSignal; detached?: boolean },
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['inherit', quiet ? 'ignore' : 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      ...options,
    });
    child.on('error', (error) => {
      if (!interrupted.aborted) console.error(`${command}: ${error.message}`);
      // Without a pid it has never run and never closes.
      if (child.pid === undefined) resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}
