/** SIGKILL for a container's process, as by an OOM kill: from outside of Kubernetes. */
import { readdir, readFile } from 'node:fs/promises';
import { types } from 'node:util';

/** Kills every process of the pod's cgroup whose command line contains `word`; returns their number. */
export async function killInPod(podUid: string, word: string): Promise<number> {
  return (await findInPod(podUid, word)).filter(kill).length;
}

/** Returns false if the process had already exited. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    // `Error` in Jest is not the class that Node's own modules use.
    if (types.isNativeError(error) && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** The processes of the pod's cgroup whose command line contains `word`, on any node: all share one machine. */
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
