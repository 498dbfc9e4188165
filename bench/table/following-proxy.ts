/**
 * A real proxy in a process of its own that follows the operator. Arguments: port, CA, token file and name of the operator. Sends `ready` once it
 * listens, and for each message, a host and a path, `redirected` once it responds so to them. It asks itself: the operator has other work.
 */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy } from '../../src/dataplane/proxy.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';

const pollMs = 2;
const agent = new Agent({ keepAlive: true });
const [port, ca = '', tokenFile = '', serverName = ''] = process.argv.slice(2);
const operator = {
  gateway: { namespace: 'shop', name: 'web' },
  host: 'operator',
  port: Number(port),
  serverName,
  ca,
  tokenFile,
  tableFile: undefined,
};
const proxy = await startProxy(
  { source: { kind: 'operator', operator }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs: 0 },
  {
    clock: systemClock,
    log: createLogger('proxy', 'error'),
    resolve: () => Promise.resolve(['127.0.0.1']),
    bindPort: () => 0,
  },
);
process.on('disconnect', () => process.exit(0));
while (proxy.listeners.boundPort(80) === undefined) await sleep(10);
process.on('message', (asked: { host: string; path: string }) => {
  void untilRedirected(asked).then(() => process.send?.('redirected'));
});
process.send?.('ready');

async function untilRedirected(asked: { host: string; path: string }): Promise<void> {
  while ((await statusOf(asked)) !== 302) await sleep(pollMs);
}

async function statusOf({ host, path }: { host: string; path: string }): Promise<number | undefined> {
  const options = { agent, host: '127.0.0.1', port: proxy.listeners.boundPort(80), path, headers: { host } };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(options, resolve).once('error', reject).end();
  });
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}
