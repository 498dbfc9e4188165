/** The client of grpcio, which has another implementation of HTTP/2 than grpc-js. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';
import { startShop } from './shop.ts';

const isThere = spawnSync('python3', ['-c', 'import grpc']).status === 0;
const title = isThere
  ? 'a Python client keeps its session, and sees what it would see without the proxy'
  : 'a Python client [skipped, because grpcio is not there: pip install grpcio==1.85.3]';

const world = createWorld();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await world.stop();
});

(isThere ? test : test.skip)(title, async () => {
  const shops = await Promise.all(['a', 'b', 'c'].map(startShop));
  cleanups.push(...shops.map((shop) => () => shop.stop()));
  const table = proxyTable({ endpoints: shops.map(({ name, port }) => ({ pod: name, port })) });
  const routes = table.routes.map((route) => ({ ...route, protocol: 'HTTP2' }));
  const { proxy } = await world.proxy({ ...table, routes });
  const port = String(proxy.listeners.boundPort(80) ?? 0);
  const { stdout } = await promisify(execFile)('python3', ['test/integration/dataplane/grpc/client.py', port]);
  const seen = stdout
    .trim()
    .split('\n')
    .map((line): object => JSON.parse(line) as object);
  expect(Object.assign({}, ...seen)).toEqual({
    same: 1,
    collect: 'ab',
    repeat: 3,
    chat: true,
    fail: 'FAILED_PRECONDITION',
    deadline: 'DEADLINE_EXCEEDED',
    unimplemented: 'UNIMPLEMENTED',
  });
});
