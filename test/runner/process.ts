/** Running programs, so that an interrupt ends those that run and still lets us tidy up. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const root = join(import.meta.dirname, '../..');

const interruption = new AbortController();
export const interrupted = interruption.signal;

/** From now on SIGINT and SIGTERM end the programs that run, and no other is started except to tidy up. */
export function watchForInterrupt(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
}

/**
 * `Live`: the output goes to ours as it comes. `Held`: it is printed whole when the program ends, because another one writes meanwhile.
 * `ErrorsOnly`: stdout is for a shell, not for people.
 */
export type Output = 'Live' | 'Held' | 'ErrorsOnly';

export type Command = {
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  /** Default: `Live`. */
  output?: Output;
  /** Receives each line of stdout, which is then not printed. */
  onLine?: (line: string) => void;
};

/** Runs a program to its end and returns its exit code. */
export function runProgram(program: Command): Promise<number> {
  return start(program, { signal: interrupted });
}

/** Runs a program that tidies up: in a process group of its own, so that Ctrl-C does not end it too. */
export function runTidyUp(program: Command): Promise<number> {
  return start(program, { detached: true });
}

const stdoutOf = { Live: 'inherit', Held: 'pipe', ErrorsOnly: 'ignore' } as const;

function start(
  { command, args, env, output = 'Live', onLine }: Command,
  options: { signal?: AbortSignal; detached?: boolean },
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['inherit', onLine ? 'pipe' : stdoutOf[output], output === 'Held' ? 'pipe' : 'inherit'],
      env: { ...process.env, ...env },
      ...options,
    });
    if (onLine && child.stdout) createInterface(child.stdout).on('line', onLine);
    const print = onLine ? () => {} : hold(child);
    child.on('error', (error) => {
      if (!interrupted.aborted) console.error(`${command}: ${error.message}`);
      // Without a pid it has never run and never closes.
      if (child.pid === undefined) resolve(1);
    });
    child.on('close', (code) => {
      print();
      resolve(code ?? 1);
    });
  });
}

/** Returns a function that prints what the program has written to its pipes, in the order in which it arrived. */
function hold({ stdout, stderr }: ChildProcess): () => void {
  const chunks: Buffer[] = [];
  for (const stream of [stdout, stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => process.stdout.write(Buffer.concat(chunks));
}
