/** kubectl as a user types it, and waiting for what a test looks for. Objects are read by `objects.ts`. */
import { spawn } from 'node:child_process';

/** Runs kubectl and returns what it prints; throws with stderr when it fails. */
export function kubectl(...args: string[]): Promise<string> {
  return run('kubectl', args);
}

/** Runs kubectl with a manifest on its standard input. */
export function kubectlInput(input: string, ...args: string[]): Promise<string> {
  return run('kubectl', args, input);
}

/** Runs a program to its end. */
export function run(command: string, args: string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    // A program that needs no input may have ended before it was closed (EPIPE); its exit code reports the result.
    child.stdin.on('error', () => {});
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command} ${args.join(' ')} exited with ${code}: ${err.trim()}`));
    });
    child.stdin.end(input ?? '');
  });
}

/**
 * Looks every `everyMs` until `look` returns a value other than undefined or false, and returns that value. An error of `look` says what it saw
 * instead. The bound is a limit on the test, not a part of its verdict.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  limitMs = 60_000,
  everyMs = 200,
): Promise<T> {
  const end = Date.now() + limitMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`${what}: not seen in ${limitMs} ms${last instanceof Error ? `: ${last.message}` : ''}`, {
    cause: last,
  });
}
