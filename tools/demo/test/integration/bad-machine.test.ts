/** The demo on a machine that lacks something: it prints one sentence, exits with 1, and leaves nothing behind. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.ts';
import { openNetwork, whyNoNetwork, type OwnNetwork } from './own-network.ts';

// A refused demo exits after half a second; with other tests on all cores loading takes longer. The limit is on hangs only.
jest.setTimeout(120_000);

const declare = whyNoNetwork === undefined ? describe : describe.skip;
const reason = whyNoNetwork === undefined ? '' : ` [skipped: ${whyNoNetwork}]`;
const command = [process.execPath, resolve('tools/demo/main.ts'), '--plain', '--sessions', '10'];

let folder: string;
let network: OwnNetwork;

type Run = { child: ChildProcess; exited: Promise<unknown>; output: () => string };

function run(what: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const child = network.start(what, { TMPDIR: folder, ...env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (more: string) => (text += more));
  }
  return { child, exited: once(child, 'exit').then(([code]: unknown[]) => code), output: () => text };
}

/** Another program of the machine. */
async function listenThere(port: number, host: string): Promise<void> {
  const { output } = run([
    process.execPath,
    '-e',
    `require('net').createServer().listen(${port}, '${host}', () => console.log('listens'))`,
  ]);
  await eventually(output, (text) => text.includes('listens'), 60_000);
}

async function expectRefused({ exited, output }: Run, sentence: string): Promise<void> {
  expect(await exited).toBe(1);
  expect(output()).toContain(sentence);
  // A sentence, and neither a stack nor more of them.
  expect(output().trimEnd().split('\n')).toHaveLength(1);
}

declare(`npm run demo, on a machine that lacks something,${reason}`, () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-machine-'));
    network = await openNetwork();
  });
  afterEach(async () => {
    await network.close();
    await rm(folder, { recursive: true });
  });

  test.each([
    ['8080 at all IPv4 addresses', 8080, '0.0.0.0'],
    ['8080 at all addresses of both kinds', 8080, '::'],
    ['15999, which is also the lock of the demo', 15_999, '0.0.0.0'],
  ])('names the port that another program uses: %s', async (_, port, host) => {
    await listenThere(port, host);
    await expectRefused(
      run(command),
      `port ${port} is in use at all addresses of this machine (0.0.0.0), and pods of the demo need it: stop the other program`,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test('names the folder that it cannot write to, and the variable that sets another', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expectRefused(
      run(command, { TMPDIR: file }),
      `the demo cannot write its files to ${file}; set TMPDIR to another folder: ENOTDIR`,
    );
    await expectRefused(
      run(command, { TMPDIR: '/proc' }),
      'the demo cannot write its files to /proc; set TMPDIR to another folder: ENOENT',
    );
  });

  test.each([
    ['is read-only', 'ro', 'EROFS: read-only file system'],
    ['is full', 'size=64k', 'its disk is full'],
  ])('reports that the disk %s', async (_, mountOption, why) => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    const mounted = [
      'sh',
      '-c',
      `mount -t tmpfs -o ${mountOption} none ${disk} && "$@"; code=$?; ls ${disk}; umount ${disk}; exit $code`,
      'sh',
    ];
    await expectRefused(
      run([...mounted, ...command], { TMPDIR: disk }),
      `the demo cannot write its files to ${disk}; set TMPDIR to another folder: ${why}`,
    );
  });

  test('reports how much memory it needs, and how much is free', async () => {
    const other =
      "import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module'; os.freemem = () => 2 ** 29; syncBuiltinESMExports();";
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(other)}` };
    await expectRefused(
      run(command, env),
      'the demo needs 1.4 GB of memory, but only 0.5 GB is free: stop other programs',
    );
    expect(await readdir(folder)).toEqual([]);
  });
});
