/** One demo at a time: two would start thirty processes, and have pods at the same addresses of the loopback. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const file = join(tmpdir(), 'holdfast-demo.pid');

/** Throws where one runs. The answer ends the claim. */
export function claimDemo(pidFile = file): () => void {
  try {
    writeFileSync(pidFile, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    if (error.code !== 'EEXIST') throw new Error(`nothing can be written in ${dirname(pidFile)} (${String(error.code)}): name a folder of yours by TMPDIR`, { cause: error });
    const pid = Number(readFileSync(pidFile, 'utf8'));
    if (isRunning(pid)) throw new Error(`a demo runs already, as process ${pid}: end it with Ctrl-C where it was started, or by kill ${pid}`, { cause: error });
    // What a demo left behind that was killed.
    rmSync(pidFile, { force: true });
    return claimDemo(pidFile);
  }
  return () => {
    rmSync(pidFile, { force: true });
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
