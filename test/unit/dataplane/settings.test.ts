import { expect, test } from '@jest/globals';
import { createAppliedSettings } from '../../../src/dataplane/settings.ts';
import { defaultProxySettings } from '../../../src/wire/proxy-settings.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

const withConnections = (connections: number) => ({
  ...defaultProxySettings,
  limits: { ...defaultProxySettings.limits, connections },
});

function applied(openFiles: number, allowed: number) {
  const log = createMemoryLogger();
  const configured: number[] = [];
  const settings = createAppliedSettings(
    { configure: ({ limits }) => configured.push(limits.connections), maxConnections: () => allowed },
    { openFiles, log },
  );
  return { settings, log, configured };
}

test('the defaults apply before the first table, and equal settings of a later table are not applied again', () => {
  const { settings, configured } = applied(65_536, 20_000);
  settings.apply(withConnections(defaultProxySettings.limits.connections));
  settings.apply(withConnections(5));
  expect(configured).toEqual([20_000, 5]);
  expect(settings.current().limits.connections).toBe(5);
});

test('a limit of connections that the open files do not allow is logged with both numbers', () => {
  const { settings, log } = applied(1024, 384);
  settings.apply(defaultProxySettings);
  expect(log.lines()).toEqual([
    expect.objectContaining({ level: 'warn', fields: { connections: 384, wanted: 20_000, openFiles: 1024 } }),
  ]);
});

test('a limit of connections is logged when it changes: not before the first table, nor for other settings', () => {
  const { settings, log } = applied(1024, 384);
  expect(log.lines()).toEqual([]);
  settings.apply(withConnections(500));
  settings.apply({ ...withConnections(500), drainTimeoutMs: 1 });
  settings.apply(withConnections(100));
  expect(log.lines().map(({ level }) => level)).toEqual(['warn', 'info']);
});
