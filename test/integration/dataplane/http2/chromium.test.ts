/** A browser: it speaks HTTP/2 over TLS, and WebSocket on the same connection. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  startChromium,
  whyNoChromium,
  type Chromium,
  type Page,
} from '../../../../tools/demo/test/support/chromium.ts';
import { createAuthority } from '../../../support/authority.ts';
import type { StandaloneProxy } from '../../../support/standalone-proxy.ts';
import { createPods, type PodWorld } from './pods.ts';

const title = whyNoChromium === undefined ? 'Chromium' : `Chromium [skipped, because ${whyNoChromium}]`;

let world: PodWorld;
let proxy: StandaloneProxy;
let chromium: Chromium;
let page: Page;

beforeAll(async () => {
  if (whyNoChromium !== undefined) return;
  const authority = await createAuthority();
  world = await createPods('a', 'b', 'c');
  const started = await world.proxy(
    { name: 'https', protocol: 'HTTPS', port: 443, certificates: ['shop'] },
    await authority.issue({ hostnames: ['shop.example'] }),
  );
  proxy = started;
  chromium = await startChromium([
    '--ignore-certificate-errors',
    `--host-resolver-rules=MAP shop.example:443 127.0.0.1:${started.port}`,
  ]);
  page = await chromium.open('https://shop.example/page');
}, 120_000);
afterAll(async () => {
  if (whyNoChromium !== undefined) return;
  await chromium.close();
  await world.stop();
});

const ask = () => page.evaluate<string>("fetch('/').then((response) => response.text())");
const handshakes = () => proxy.metrics('holdfast_tls_handshakes_total');

(whyNoChromium === undefined ? describe : describe.skip)(title, () => {
  test('loads a page by HTTP/2, and keeps its session', async () => {
    const pod = await page.evaluate<string>("document.querySelector('#pod').innerText");
    expect(await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")).toBe('h2');
    const answers = await page.evaluate<string[]>(
      "Promise.all(Array.from({ length: 30 }, () => fetch('/').then((response) => response.text())))",
    );
    expect(new Set(answers)).toEqual(new Set([pod]));
    await world.swap(proxy, { [pod]: 'Draining' });
    expect(await ask()).toBe(pod);
    expect(page.errors()).toEqual([]);
  });

  test('opens a WebSocket on the connection that it has', async () => {
    const pod = await ask();
    const before = await handshakes();
    const seen = await page.evaluate<unknown>(`new Promise((resolve, reject) => {
      const socket = new WebSocket('wss://shop.example/ws');
      const messages = [];
      socket.onopen = () => socket.send('hello');
      socket.onerror = () => reject(new Error('the WebSocket has failed'));
      socket.onmessage = ({ data }) => {
        messages.push(data);
        if (messages.length === 2) socket.close(4000, 'enough');
        else socket.send('again');
      };
      socket.onclose = ({ code, reason }) => resolve({ messages, code, reason });
    })`);
    expect(seen).toEqual({ messages: [`${pod}: hello`, `${pod}: again`], code: 4000, reason: 'enough' });
    expect(await handshakes()).toEqual(before);
    expect(await ask()).toBe(pod);
  });
});
