/** The client's side of ./client.ts. */
import { once } from 'node:events';
import type { ClientSaid } from './client.ts';

const say = (said: ClientSaid): void => void process.send?.(said);

/** `prepare`: gets the options as JSON, and returns the load when all that comes before it is done. */
export async function runAsClient(prepare: (options: string) => Promise<() => Promise<unknown>>): Promise<void> {
  const fail = (error: unknown) =>
    say({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
  process.on('uncaughtException', fail);
  // The benchmark was killed.
  process.on('disconnect', () => process.exit());
  try {
    const run = await prepare(process.argv[2] ?? '{}');
    const told = once(process, 'message');
    say({ kind: 'ready' });
    await told;
    say({ kind: 'result', result: await run() });
  } catch (error) {
    fail(error);
  }
}
