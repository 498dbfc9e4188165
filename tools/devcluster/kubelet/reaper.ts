/**
 * A process beside the kubelet that outlives it by a moment: when its standard input ends, however the kubelet ended, it kills what is left
 * of the containers. Lines: `+<pid>` a process group began, `-<pid>` it has ended.
 */
import { createInterface } from 'node:readline';

const groups = new Set<number>();

// A Ctrl-C in the terminal is for the kubelet to answer.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) groups.add(pid);
  else groups.delete(pid);
});
lines.once('close', () => {
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
});
