/** Finds other programs, starts each on its own core, waits for them, and stops them by process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addCleanup } from './cleanup.ts';

export type Command = {
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The only core that it may use. */
  core?: number;
};

export interface Program {
  readonly pid: number;
  /** Returns the end of its output, for error messages. */
  tail(): string;
  /** Resolves with its exit code; null if a signal ended it. */
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

const tailLength = 4000;
/** For a start on a core that has much else to do; a program that exits is noticed at once. */
const startWithinMs = 60_000;
const stopWithinMs = 10_000;

/** Debian installs some of these programs outside of the PATH of ordinary users. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/** Returns the path of a program, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** taskset executes the program in its own process, so the process id is the program's. */
function pinned({ command, args, core }: Command): [string, readonly string[]] {
  if (core === undefined) return [command, args];
  const taskset = findProgram('taskset');
  if (taskset === undefined) {
    throw new Error('taskset is needed to run a program on its own core: apt-get install util-linux');
  }
  return [taskset, ['-c', String(core), command, ...args]];
}

export function startProgram(program: Command): Program {
  const [command, args] = pinned(program);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...program.env } });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started`);
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-tailLength)));
  }
  const exited = exitOf(child);
  const forget = addCleanup(() => stop(child, exited));
  void exited.then(forget);
  return { pid, tail: () => tail, exited, stop: () => stop(child, exited) };
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await exited;
  clearTimeout(late);
}

/** Runs a program and returns its stdout; throws with its stderr when it fails. */
export function runToEnd(program: Command & { input?: string }): Promise<string> {
  const [command, args] = pinned(program);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...program.env } });
  let out = '';
  let problem = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem += text));
  child.stdin.end(program.input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command} ${args.join(' ')} exited with ${code}: ${problem.trim() || out.trim()}`));
    });
  });
}

/** Resolves when the program accepts connections; rejects with the end of its output when it exits before that. */
export async function untilListening(program: Program, port: number): Promise<void> {
  const ended = new AbortController();
  void program.exited.then(() => ended.abort());
  const end = Date.now() + startWithinMs;
  while (!(await accepts(port))) {
    if (ended.signal.aborted) {
      throw new Error(`the program exited before it listened on port ${port}: ${program.tail()}`);
    }
    if (Date.now() > end) {
      throw new Error(`the program does not listen on port ${port} after ${startWithinMs} ms: ${program.tail()}`);
    }
    await sleep(20);
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
