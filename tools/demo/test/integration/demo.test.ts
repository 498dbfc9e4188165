/** The demo as a person starts it: the command, its lines, its exit code, and what it leaves behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** It keeps all its files below TMPDIR. */
function startDemo(...args: string[]) {
  const child = spawn(process.execPath, ['tools/demo/main.ts', ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const exited = once(child, 'exit').then(([code]: unknown[]) => code);
  return { child, exited, output: () => output };
}

type Pods = { wantedReplicas: number; pods: { name: string; state: string }[] };

/** As a browser does at the address that is printed: the page shows its pod, knows all pods, and gets two of them. */
async function scaleByPage(output: string): Promise<void> {
  const shop = /the shop +(http:\/\/\S+)/.exec(output)?.[1] ?? 'no address';
  const page = await (await fetch(shop)).text();
  const [, own, url = 'no address'] = /data-own="(cart-[^"]+)" data-url="([^"]+)"/.exec(page) ?? [];
  const ask = async (method: string, query = '') =>
    (await (await fetch(url + query, { method, headers: { origin: new URL(shop).origin } })).json()) as Pods;
  await ask('POST', '?replicas=2');
  let seen = await ask('GET');
  const limit = AbortSignal.timeout(20_000);
  while (seen.wantedReplicas !== 2 || seen.pods.filter(({ state }) => state === 'Accepting').length !== 2) {
    limit.throwIfAborted();
    seen = await ask('GET');
  }
  // It holds the session of whoever looked at the page.
  expect(seen.pods.map(({ name }) => name)).toContain(own);
}

const left = () => readdir(folder);

/** Those of demos of this test, where the system has /proc. */
function processes(): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => pid !== process.pid && environmentOf(pid).includes(folder));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    // It has ended, or is somebody else's.
    return '';
  }
}

describe('npm run demo', () => {
  test('loses no session with Holdfast, some without, and leaves nothing behind', async () => {
    const { exited, output } = startDemo('--plain', '--duration', '6', '--sessions', '20');
    expect(await exited).toBe(0);
    expect(output()).toContain('PodTerminating');
    expect(output()).toMatch(/without Holdfast, sessions: \d+ started, \d+ ended, [1-9]\d* lost/);
    expect(output().trimEnd()).toMatch(/\nsessions: (\d+) started, \1 ended, 0 lost$/);
    expect(await left()).toEqual([]);
  }, 90_000);

  test('with --keep lets one scale on the page of the shop, and a second one says that the first is there', async () => {
    const first = startDemo('--plain', '--keep', '--sessions', '20', '--duration', '5');
    await eventually(first.output, (text) => text.includes('until Ctrl-C') && text.includes('metrics'), 40_000);
    const second = startDemo('--plain');
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`a demo runs already, as process ${first.child.pid}`);
    await scaleByPage(first.output());

    // Killed half-way: nothing of it goes on, and the next one takes over.
    first.child.kill('SIGKILL');
    await eventually(processes, (left) => left.length === 0, 20_000);
    const [folderLeft = ''] = await left();
    await writeFile(join(folder, folderLeft, 'left-behind'), '');
    const third = startDemo('--plain');
    // The demo, its reaper, and the first pods: two of the operator.
    await eventually(processes, (all) => all.length === 0 || all.length >= 4, 30_000);
    expect(existsSync(join(folder, folderLeft, 'left-behind'))).toBe(false);
    third.child.kill('SIGINT');
    expect(await third.exited).toBe(130);
    expect(third.output()).toBe('starting the operator, its proxies and a shop of five pods\n');
    expect(await left()).toEqual([]);
    expect(processes()).toEqual([]);
  }, 120_000);

  test.each([
    ['too few customers', ['--sessions', '1'], '--sessions must be a whole number from 10 to 500, not "1"'],
    ['an option that is not there', ['--fast'], "Unknown option '--fast'"],
  ])('with %s says what is wrong and where to read on', async (_, args, problem) => {
    const { exited, output } = startDemo(...args);
    expect(await exited).toBe(2);
    expect(output()).toContain(problem);
    expect(output()).toContain('npm run demo -- --help');
  });
});
