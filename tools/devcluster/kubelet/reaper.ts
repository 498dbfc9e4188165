/**
 * A process beside the kubelet. When its standard input ends, because the kubelet has terminated for any reason, it kills the containers that
 * are left. Lines: `+<pid>` a process group started, `-<pid>` it has terminated.
 */
import { createInterface } from 'node:readline';

const groups = new Set<number>();

// Ctrl-C in the terminal is handled by the kubelet.
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
      // It has terminated.
    }
  }
});
