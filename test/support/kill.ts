/** SIGKILL for a container's process, as by an OOM kill: from outside, unannounced to Kubernetes. */
import { readdir, readFile } from 'node:fs/promises';
import { types } from 'node:util';

/** Kills every process whose cgroup names the pod and whose command line has `word`; returns how many. */
export async function killInPod(podUid: string, word: string): Promise<number> {
  return (await findInPod(podUid, word)).filter(kill).length;
}

/** `false`: it had ended by itself since it was found. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    // Jest's `Error` is not that of Node's own modules.
    if (types.isNativeError(error) && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** The processes whose cgroup names the pod and whose command line has `word`, on whichever node: all share one machine. */
export async function findInPod(podUid: string, word: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    const [cgroup, commandLine] = await Promise.all([
      readFile(`/proc/${pid}/cgroup`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]).catch(() => ['', '']);
    const inPod = cgroup.includes(podUid) || cgroup.includes(podUid.replaceAll('-', '_'));
    if (inPod && commandLine.split('\0').includes(word)) found.push(Number(pid));
  }
  return found;
}
