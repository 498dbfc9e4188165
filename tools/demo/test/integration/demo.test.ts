/** The demo command: its output, its exit code, and its cleanup. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.ts';
import { startChromium, whyNoChromium, type Chromium, type Page } from '../support/chromium.ts';

let folder: string;

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

/** Printed when the scenario is over. */
const shopAddress = (output: string): string | undefined => /the shop +(http:\/\/\S+)/.exec(output)?.[1];

type Pods = { wantedReplicas: number; pods: { name: string; state: string }[] };

/** Scales to two pods with the requests of the shop's page. */
async function scaleByPage(output: string): Promise<void> {
  const shop = shopAddress(output) ?? 'no address';
  const page = await (await fetch(shop)).text();
  const [, own, url = 'no address'] = /data-own-pod="(cart-[^"]+)" data-demo-url="([^"]+)"/.exec(page) ?? [];
  const ask = async (method: string, query = '') =>
    (await (await fetch(url + query, { method, headers: { origin: new URL(shop).origin } })).json()) as Pods;
  await ask('POST', '?replicas=2');
  let seen = await ask('GET');
  const limit = AbortSignal.timeout(60_000);
  while (seen.wantedReplicas !== 2 || seen.pods.filter(({ state }) => state === 'Accepting').length !== 2) {
    limit.throwIfAborted();
    seen = await ask('GET');
  }
  // It has the session of this visitor.
  expect(seen.pods.map(({ name }) => name)).toContain(own);
}

const left = () => readdir(folder);

/** Processes of this test's demos, where the system has /proc. */
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
    // It has ended, or belongs to another user.
    return '';
  }
}

describe('npm run demo', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('loses no session with Holdfast, some without, and leaves nothing behind', async () => {
    const { exited, output } = startDemo('--plain', '--duration', '6', '--sessions', '20');
    expect(await exited).toBe(0);
    expect(output()).toContain('PodTerminating');
    expect(output()).toMatch(/without Holdfast, sessions: \d+ started, \d+ ended, [1-9]\d* lost/);
    expect(output().trimEnd()).toMatch(/\nsessions: (\d+) started, \1 ended, 0 lost$/);
    expect(await left()).toEqual([]);
  }, 240_000);

  test('with --keep scales from the page of the shop, and refuses a second demo', async () => {
    const first = startDemo('--plain', '--keep', '--sessions', '20', '--duration', '5');
    await eventually(first.output, (text) => text.includes('until Ctrl-C') && text.includes('metrics'), 100_000);
    const second = startDemo('--plain');
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`another demo is running as process ${first.child.pid}`);
    await scaleByPage(first.output());

    // After a SIGKILL no process of it remains, and the next demo can start.
    first.child.kill('SIGKILL');
    await eventually(processes, (left) => left.length === 0, 60_000);
    const [folderLeft = ''] = await left();
    await writeFile(join(folder, folderLeft, 'left-behind'), '');
    const third = startDemo('--plain');
    // The demo, its reaper, and two pods of the operator.
    await eventually(processes, (all) => all.length === 0 || all.length >= 4, 100_000);
    expect(existsSync(join(folder, folderLeft, 'left-behind'))).toBe(false);
    third.child.kill('SIGINT');
    expect(await third.exited).toBe(130);
    expect(third.output()).toBe('starting the operator, its proxies and a shop of five pods\n');
    expect(await left()).toEqual([]);
    expect(processes()).toEqual([]);
  }, 400_000);

  test.each([
    ['too few customers', ['--sessions', '1'], '--sessions must be a whole number from 10 to 500, not "1"'],
    ['an option that is not there', ['--fast'], "Unknown option '--fast'"],
  ])('with %s reports the problem and how to get help', async (_, args, problem) => {
    const { exited, output } = startDemo(...args);
    expect(await exited).toBe(2);
    expect(output()).toContain(problem);
    expect(output()).toContain('npm run demo -- --help');
  });
});

type Card = { pod: string; state: string; sessions: string; dots: number; note: string; isOwn: boolean };
type Totals = Record<'pods' | 'active' | 'started' | 'ended' | 'lost', number>;
type Shown = { cards: Card[]; totals: Totals; pressed: string };

/** Returns the visible state of the page. */
const readShown = `({
  cards: [...document.querySelectorAll('#pods > li')].map((card) => ({
    pod: card.querySelector('h3').innerText,
    state: card.querySelector('.badge').innerText,
    sessions: card.querySelector('.count').innerText,
    dots: card.querySelectorAll('.dots i').length,
    note: card.querySelector('.note').innerText,
    isOwn: card.innerText.includes('Your session is here'),
  })),
  totals: Object.fromEntries([...document.querySelectorAll('.totals dd')].map(({ id, innerText }) => [
    id.replace('total-', ''), Number(innerText),
  ])),
  pressed: [...document.querySelectorAll('[aria-pressed=true]')].map(({ innerText }) => innerText).join(),
})`;

const declare = whyNoChromium === undefined ? describe : describe.skip;
const reason = whyNoChromium === undefined ? '' : ` [skipped: ${whyNoChromium}]`;

declare(`the page of the shop in a browser${reason}`, () => {
  let chromium: Chromium;
  let page: Page;
  let demo: ReturnType<typeof startDemo>;

  const shown = () => page.evaluate<Shown>(readShown);
  const own = ({ cards }: Shown) => cards.find(({ isOwn }) => isOwn);
  const becomes = (isTrue: (shown: Shown) => boolean, limitMs = 20_000) => eventually(shown, isTrue, limitMs);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
    demo = startDemo('--plain', '--keep', '--sessions', '20', '--duration', '5');
    chromium = await startChromium();
    await eventually(demo.output, (text) => shopAddress(text) !== undefined, 60_000);
    page = await chromium.open(shopAddress(demo.output()) ?? '');
    await page.click('[data-replicas="5"]');
    await becomes(({ cards }) => cards.length === 5 && cards.every(({ state }) => state === 'Accepting'), 60_000);
  }, 150_000);
  afterAll(async () => {
    await chromium.close();
    demo.child.kill('SIGINT');
    await demo.exited;
    await rm(folder, { recursive: true });
  }, 60_000);

  test('shows a card for each pod, with a dot for each session, and marks the pod of the visitor', async () => {
    const { cards, pressed } = await becomes((now) => own(now) !== undefined);
    expect(pressed).toBe('5');
    expect(new Set(cards.map(({ pod }) => pod)).size).toBe(5);
    expect(cards.filter(({ isOwn }) => isOwn)).toHaveLength(1);
    for (const { sessions, dots } of cards) expect(sessions).toBe(dots === 1 ? '1 session' : `${dots} sessions`);
  });

  test('shows the numbers of the demo', async () => {
    const { totals } = await shown();
    const demoUrl = await page.evaluate<string>('document.body.dataset.demoUrl');
    const { pods, sessions } = await page.evaluate<{ pods: object[]; sessions: Totals }>(
      `fetch(${JSON.stringify(demoUrl)}).then((response) => response.json())`,
    );
    const { totals: later } = await becomes(({ totals: now }) => now.started >= sessions.started);
    expect(totals.pods).toBe(pods.length);
    expect(totals.started).toBeLessThanOrEqual(sessions.started);
    expect(sessions.started).toBeLessThanOrEqual(later.started);
    expect([totals.lost, sessions.lost, later.lost]).toEqual([0, 0, 0]);
    expect(totals.active).toBe(totals.started - totals.ended);
  });

  test('shows pods draining until their deadline, keeps the pod of the visitor, and drops the others', async () => {
    await page.click('[data-post="/login"] button');
    await eventually(
      () =>
        page.evaluate<boolean>('document.querySelector(".cart")?.innerText.includes("Your cart is empty") ?? false'),
      Boolean,
      20_000,
    );
    const before = own(await becomes((now) => own(now) !== undefined));
    // Until the own pod is one of those that drain.
    await page.click('[data-replicas="1"]');
    const draining = await becomes(({ cards }) =>
      cards.some(({ state, note }) => state === 'Draining' && note.endsWith('left')),
    );
    expect(draining.cards.find(({ state }) => state === 'Draining')?.note).toMatch(
      /^No new sessions · at most (1:00:\d\d|59:\d\d) left$/,
    );
    const leftOf = ({ cards }: Shown) => cards.flatMap(({ note }) => /most (\S+) left/.exec(note)?.[1] ?? [])[0];
    const first = leftOf(draining);
    await becomes((now) => leftOf(now) !== first);
    // Customers of the demo leave by and by; the visitor stays.
    const { cards, pressed } = await becomes(
      (now) => now.cards.every(({ isOwn, state }) => isOwn || state === 'Accepting'),
      120_000,
    );
    expect(pressed).toBe('1');
    expect(cards.length).toBeLessThanOrEqual(2);
    expect(cards.find(({ isOwn }) => isOwn)?.pod).toBe(before?.pod);
    expect((await shown()).totals.lost).toBe(0);
    expect(await page.evaluate('document.querySelector(".cart").innerText')).toContain('Your cart is empty');
  }, 150_000);

  test('reports no error, and none against its content security policy', () => {
    expect(page.errors()).toEqual([]);
  });
});
