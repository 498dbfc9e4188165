/** No process outlives the kubelet, however it terminates. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { createProcesses } from '../../../kubelet/processes.ts';
import { gateVariable } from '../../../kubelet/pod-settings.ts';
import { eventually } from '../../../../../test/support/eventually.ts';
import { isAlive } from './alive.ts';
import { limitMs } from './scene.ts';

jest.setTimeout(limitMs);

/** Ignores signals and has a child process; their ids are in the file. */
const family = (file: string) => `
  process.on('SIGTERM', () => {});
  const child = require('child_process').spawn('sleep', ['60']);
  const fs = require('fs');
  fs.writeFileSync('${file}.new', process.pid + ' ' + child.pid);
  fs.renameSync('${file}.new', '${file}');
  setInterval(() => {}, 1000);`;

async function untilIds(file: string): Promise<number[]> {
  await eventually(() => existsSync(file), Boolean, limitMs);
  return (await readFile(file, 'utf8')).split(' ').map(Number);
}

test('after a SIGKILL of the kubelet its processes are killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-reaper-'));
  const file = join(folder, 'ids');
  const spec = {
    command: [process.execPath, '-e', family(file)],
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    logFile: join(folder, 'log'),
  };
  const module = new URL('../../../kubelet/processes.ts', import.meta.url).href;
  const source = `const { createProcesses } = await import('${module}'); await createProcesses().start(${JSON.stringify(spec)});`;
  const kubelet = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' });
  const ids = await untilIds(file);
  expect(ids.map(isAlive)).toEqual([true, true]);
  kubelet.kill('SIGKILL');
  await once(kubelet, 'exit');
  await eventually(
    () => ids.some(isAlive),
    (alive) => !alive,
    limitMs,
  );
  await rm(folder, { recursive: true });
});

test('a program that the reaper does not know when the kubelet is killed exits at once', async () => {
  const preload = new URL('../../../kubelet/preload.ts', import.meta.url).href;
  const env = { ...process.env, NODE_OPTIONS: `--import=${preload}`, [gateVariable]: '3' };
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  // Its pipe ends without a byte, as after a SIGKILL of the kubelet.
  child.stdio[3]?.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('stop kills the whole process group before it resolves', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-reaper-'));
  const file = join(folder, 'ids');
  const processes = createProcesses();
  await processes.start({
    command: [process.execPath, '-e', family(file)],
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    logFile: join(folder, 'log'),
  });
  const ids = await untilIds(file);
  await processes.stop();
  await eventually(
    () => ids.some(isAlive),
    (alive) => !alive,
    limitMs,
  );
  await expect(
    processes.start({ command: ['true'], cwd: folder, env: {}, logFile: join(folder, 'log') }),
  ).rejects.toThrow('the kubelet has stopped');
  await rm(folder, { recursive: true });
});
