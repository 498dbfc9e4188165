import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';

test('the shop exits gracefully at SIGTERM, with an open connection and within a second, and logs start and end', async () => {
  const child = spawn(process.execPath, ['examples/shop/main.ts'], {
    env: { PORT: '0', POD_NAME: 'shop-1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Record<string, unknown>[] = [];
  const started = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    lines.push(line);
    if (line['event'] === 'Started') started.resolve(Number(line['port']));
  });
  const response = await fetch(`http://127.0.0.1:${await started.promise}/login`, { method: 'POST' });
  expect(await response.json()).toMatchObject({ pod: 'shop-1' });

  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(0);
  // By its own clock: this process may learn of it late.
  expect(lines.at(-1)?.['tookMs']).toBeLessThan(1000);
  expect(lines.slice(1)).toEqual([
    expect.objectContaining({
      event: 'Terminating',
      pod: 'shop-1',
      sessions: 1,
      webSockets: 0,
      time: expect.any(String),
    }),
    expect.objectContaining({ event: 'Stopped', tookMs: expect.any(Number) }),
  ]);
});
