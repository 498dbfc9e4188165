/**
 * Writes docs/guide/demo.png: the page of the shop in Chromium, while the demo scales down and the visitor's own pod drains.
 * `npm run screenshot [FILE [light|dark [WIDTH]]]`. Run it after a change of the page, and look at the picture.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startChromium, whyNoChromium, type Page } from '../tools/demo/test/support/chromium.ts';
import { eventually } from '../test/support/eventually.ts';

const [file = 'docs/guide/demo.png', scheme = 'light', width = '1180'] = process.argv.slice(2);
const limitMs = 60_000;
/** After a scale-up: so long until customers are on the new pods, too. */
const spreadMs = 25_000;

if (whyNoChromium !== undefined) throw new Error(whyNoChromium);
const demo = spawn(process.execPath, ['tools/demo/main.ts', '--plain', '--keep', '--duration', '5'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let output = '';
demo.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
const exited = once(demo, 'exit');
const chromium = await startChromium();
try {
  const address = await eventually(() => /the shop +(http:\S+)/.exec(output)?.[1], Boolean, limitMs);
  const page = await chromium.open(address ?? '');
  await page.show({ width: Number(width), height: 830, scheme: scheme === 'dark' ? 'dark' : 'light' });
  for (let tries = 1; !(await drainOwnPod(page)); tries += 1) {
    if (tries === 5) throw new Error(`the pod of the visitor did not drain in ${tries} tries`);
    await page.click('[data-post="/logout"] button');
  }
  await writeFile(file, await page.screenshot());
} finally {
  await chromium.close();
  demo.kill('SIGINT');
  await exited;
}

async function fillCart(page: Page): Promise<void> {
  await until(page, `document.querySelector('[data-post="/login"]') !== null`);
  await page.click('[data-post="/login"] button');
  for (const item of ['Green tea', 'Teapot']) {
    await until(page, `document.querySelector('[name=item]') !== null`);
    await page.evaluate(`document.querySelector('[name=item]').value = ${JSON.stringify(item)}`);
    await page.click('[data-post="/cart/items"] button');
    await until(page, `document.querySelector('.items')?.innerText.includes(${JSON.stringify(item)}) ?? false`);
  }
}

/** Scales five pods down to two. False where the visitor's pod is one of the two. */
async function drainOwnPod(page: Page): Promise<boolean> {
  await page.click('[data-replicas="5"]');
  await until(page, `document.querySelectorAll('[data-state=Accepting]').length === 5`);
  await delay(spreadMs);
  await fillCart(page);
  await page.click('[data-replicas="2"]');
  await until(page, `document.querySelectorAll("[data-state=Accepting]").length === 2`);
  await delay(2000);
  return page.evaluate<boolean>(`document.querySelector('.is-own')?.dataset.state === 'Draining'`);
}

function until(page: Page, expression: string): Promise<boolean> {
  return eventually(() => page.evaluate<boolean>(expression), Boolean, limitMs);
}
