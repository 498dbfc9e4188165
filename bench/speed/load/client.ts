/** The parent's side of the load generators of the benchmark itself: they say when they are ready, begin when told, and return a result. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { addCleanup } from '../../measure/cleanup.ts';
import { findProgram } from '../../measure/program.ts';

export type ClientSaid = { kind: 'ready' } | { kind: 'result'; result: unknown } | { kind: 'failed'; problem: string };

/** `started`: called when the client is ready and begins. Its options are the argument of the program, as JSON. */
export async function runClient(
  script: string,
  options: object,
  { core, started }: { core: number; started: () => void },
): Promise<unknown> {
  const args = ['-c', String(core), process.execPath, join(import.meta.dirname, script), JSON.stringify(options)];
  const child = spawn(findProgram('taskset') ?? 'taskset', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const forget = addCleanup(async () => void child.kill());
  const ended = once(child, 'exit');
  try {
    return await new Promise((resolve, reject) => {
      child.on('message', (said: ClientSaid) => {
        if (said.kind === 'result') return resolve(said.result);
        if (said.kind === 'failed') return reject(new Error(said.problem));
        started();
        child.send('go');
      });
      void ended.then(() => reject(new Error(`${script} ended without a result`)));
    });
  } finally {
    child.kill();
    await ended;
    forget();
  }
}
