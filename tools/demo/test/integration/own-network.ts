/**
 * A network namespace for the programs of a test, where Linux permits it to ordinary users: their ports cannot conflict with those of other programs.
 * They also have a mount namespace of their own.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';

const namespaces = ['--user', '--map-root-user', '--net', '--mount'];

export const whyNoNetwork = ((): string | undefined => {
  try {
    execFileSync('unshare', [...namespaces, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'ordinary users cannot create network namespaces here, or the programs unshare and ip are missing';
  }
})();

export type OwnNetwork = {
  start(command: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess;
  close(): Promise<void>;
};

export async function openNetwork(): Promise<OwnNetwork> {
  const keeper = spawn('unshare', [...namespaces, 'sh', '-c', 'ip link set lo up && echo up && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(keeper.stdout, 'data');
  const network = networkOf(String(keeper.pid));
  /** Processes in it, except the one that keeps it open. */
  const processes = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && networkOf(name) === network)
      .map(Number)
      .filter((pid) => pid !== keeper.pid);
  return {
    start: (command, env = {}) =>
      spawn(
        'nsenter',
        ['--target', String(keeper.pid), '--user', '--preserve-credentials', '--net', '--mount', '--', ...command],
        {
          env: { ...process.env, ...env },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      ),
    async close() {
      for (const pid of processes()) process.kill(pid, 'SIGKILL');
      keeper.stdin.end();
      await once(keeper, 'exit');
    },
  };
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    // It has ended.
    return undefined;
  }
}
