/** A headless Chromium, driven by its DevTools protocol. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

const command = 'chromium';

/** The reason to skip tests with Chromium; undefined if it is installed. */
export const whyNoChromium: string | undefined =
  spawnSync(command, ['--version']).status === 0
    ? undefined
    : 'chromium is not installed: get it with the Debian package chromium';

export interface Page {
  /** Returns the value of an expression in the page, and awaits a promise. Throws the error of the expression. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Clicks the first element of a selector, once the page has loaded and its scripts have run. */
  click(selector: string): Promise<void>;
  show(options: { width: number; height: number; scheme: 'light' | 'dark' }): Promise<void>;
  /** A PNG of the viewport. */
  screenshot(): Promise<Buffer>;
  /** Errors on the console, such as violations of the content security policy. */
  errors(): readonly string[];
}

export interface Chromium {
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** `options`: of its command line. */
export async function startChromium(options: readonly string[] = []): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'));
  const browser = spawn(
    command,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      ...options,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(browser, 'exit');
  const devTools = await connectDevTools(await readEndpoint(browser.stderr));
  return {
    open: (url) => openPage(devTools, url),
    async close() {
      devTools.close();
      browser.kill();
      await exited;
      // Helper processes may write to the profile a moment longer.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** Chromium reports on stderr where its DevTools listen. */
async function readEndpoint(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const endpoint = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1];
    if (endpoint === undefined) continue;
    stderr.resume();
    return endpoint;
  }
  throw new Error('Chromium has ended before its DevTools listened');
}

type Message = {
  id?: number;
  method?: string;
  sessionId?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { message: string };
};
type DevTools = {
  send<Result>(method: string, params?: object, sessionId?: string): Promise<Result>;
  onEvent(listener: (message: Message) => void): void;
  close(): void;
};

async function connectDevTools(endpoint: string): Promise<DevTools> {
  const socket = new WebSocket(endpoint);
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  const listeners: ((message: Message) => void)[] = [];
  let lastId = 0;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as Message;
    const call = pending.get(message.id ?? 0);
    pending.delete(message.id ?? 0);
    if (message.error) call?.reject(new Error(message.error.message));
    else call?.resolve(message.result);
    if (call === undefined) for (const listener of listeners) listener(message);
  });
  socket.on('close', () => {
    for (const { reject } of pending.values()) reject(new Error('Chromium has closed the connection'));
  });
  await once(socket, 'open');
  return {
    send<Result>(method: string, params: object = {}, sessionId?: string) {
      const call = Promise.withResolvers<unknown>();
      pending.set((lastId += 1), call);
      socket.send(JSON.stringify({ id: lastId, method, params, sessionId }));
      return call.promise as Promise<Result>;
    },
    onEvent: (listener) => void listeners.push(listener),
    close() {
      socket.terminate();
    },
  };
}

type Evaluated = {
  result: { value: unknown };
  exceptionDetails?: { text: string; exception?: { description?: string } };
};

async function openPage(devTools: DevTools, url: string): Promise<Page> {
  const { targetId } = await devTools.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await devTools.send<{ sessionId: string }>('Target.attachToTarget', {
    targetId,
    flatten: true,
  });
  const send = <Result>(method: string, params?: object) => devTools.send<Result>(method, params, sessionId);
  const errors: string[] = [];
  const loaded = Promise.withResolvers<void>();
  devTools.onEvent((message) => {
    if (message.sessionId !== sessionId) return;
    if (message.method === 'Page.loadEventFired') loaded.resolve();
    const error = readConsoleError(message);
    if (error !== undefined) errors.push(error);
  });
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
  await send('Page.navigate', { url });
  await loaded.promise;
  const evaluate = async <Value>(expression: string): Promise<Value> => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await betweenNavigations(() => send<Evaluated>('Runtime.evaluate', params));
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as Value;
  };
  return {
    evaluate,
    async click(selector) {
      const element = `document.querySelector(${JSON.stringify(selector)})`;
      const clickWhenLoaded = `document.readyState === 'complete' && (${element}.click(), true)`;
      const endMs = Date.now() + navigationLimitMs;
      while (!(await evaluate<boolean>(clickWhenLoaded))) {
        if (Date.now() > endMs) throw new Error(`the page has not loaded after ${navigationLimitMs / 1000} s`);
        await delay(10);
      }
    },
    async show({ width, height, scheme }) {
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
      await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    },
    async screenshot() {
      const { data } = await send<{ data: string }>('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(data, 'base64');
    },
    errors: () => errors,
  };
}

const navigationLimitMs = 10_000;

/** While a page reloads, it has no execution context: then the call is repeated, for ten seconds at most. */
async function betweenNavigations<Result>(call: () => Promise<Result>): Promise<Result> {
  const endMs = Date.now() + navigationLimitMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isNavigating = /navigated|execution context|context with/i.test(String(error));
      if (!isNavigating || Date.now() > endMs) throw error;
      await delay(10);
    }
  }
}

function readConsoleError({ method, params = {} }: Message): string | undefined {
  if (method === 'Runtime.exceptionThrown') return JSON.stringify(params['exceptionDetails']);
  const entry = params['entry'] as { level: string; text: string } | undefined;
  return method === 'Log.entryAdded' && entry?.level === 'error' ? entry.text : undefined;
}
